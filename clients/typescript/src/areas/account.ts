/** My own account: profile, privacy, password, devices. */

import { answer } from "../api/rest.js";
import { LIMIT, allPages } from "../api/source.js";
import type { SessionId } from "../model/ids.js";
import type { Device, Me, Privacy, ProfileChange } from "../model/user.js";
import type { Store } from "../store/cell.js";
import type { ListState } from "../store/list.js";
import { fill } from "../sync/loader.js";
import { fromPrivacy, fromProfile, toDevice, toMe, toPrivacy } from "../wire/people.js";
import type { Core } from "./core.js";

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
  /** All but this one, also those that have come since the list was read. */
  revokeOtherDevices(): Promise<void>;
  /** Ends the account for ever, and this session with it. */
  deleteAccount(password: string): Promise<void>;
}

/** `leave` closes the session on this device, once the server has done what it is asked. */
export function createAccount({ world, rest, source }: Core, leave: (ask: () => Promise<unknown>) => Promise<void>): Account {
  const loadDevices = () =>
    fill(world.devices, () =>
      allPages((cursor) => answer(rest.GET("/api/v1/auth/sessions", { params: { query: { limit: LIMIT, ...cursor } } })), toDevice));
  const revokeDevice = async (id: SessionId): Promise<void> => {
    await rest.DELETE("/api/v1/auth/sessions/{id}", { params: { path: { id } } });
    world.devices.update((list) => ({ ...list, items: list.items.filter((device) => device.id !== id) }));
  };
  return {
    me: world.me,
    privacy: world.privacy,
    devices: world.devices,
    updateProfile: async (change) => {
      world.me.set(toMe(await answer(rest.PATCH("/api/v1/users/me", { body: fromProfile(change) }))));
      return world.me.getSnapshot();
    },
    loadPrivacy: async () => {
      const privacy = await source.privacy();
      world.privacy.set(privacy);
      return privacy;
    },
    updatePrivacy: async (change) => {
      const privacy = toPrivacy(await answer(rest.PATCH("/api/v1/users/me/privacy", { body: fromPrivacy(change) })));
      world.privacy.set(privacy);
      return privacy;
    },
    changePassword: async (current, next) => {
      await rest.POST("/api/v1/auth/password", { body: { current_password: current, new_password: next } });
    },
    loadDevices,
    revokeDevice,
    revokeOtherDevices: async () => {
      await loadDevices();
      const others = world.devices.getSnapshot().items.filter((device) => !device.isCurrent);
      // One that has just ended by itself must not keep the others alive.
      const ends = await Promise.allSettled(others.map((device) => revokeDevice(device.id)));
      const failure = ends.find((end) => end.status === "rejected");
      if (failure) throw failure.reason;
    },
    deleteAccount: (password) => leave(() => rest.DELETE("/api/v1/users/me", { body: { password } })),
  };
}
