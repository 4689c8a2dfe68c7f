/** My own account: profile, privacy, password, devices. */

import type { SessionId } from "../model/ids.js";
import type { Device, Me, Privacy, ProfileChange } from "../model/user.js";
import type { Store } from "../store/cell.js";
import type { ListState } from "../store/list.js";

export interface Account {
  readonly me: Store<Me>;
  /** Null until `loadPrivacy`. */
  readonly privacy: Store<Privacy | null>;
  readonly devices: Store<ListState<Device>>;
  updateProfile(change: ProfileChange): Promise<Me>;
  loadPrivacy(): Promise<Privacy>;
  updatePrivacy(change: Partial<Privacy>): Promise<Privacy>;
  /** All other sessions end. */
  changePassword(current: string, next: string): Promise<void>;
  loadDevices(): Promise<void>;
  revokeDevice(id: SessionId): Promise<void>;
  /** Ends the account for ever, and this session with it. */
  deleteAccount(password: string): Promise<void>;
}
