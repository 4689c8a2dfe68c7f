/** One logged-in person on one device: made at login, ended at logout. */

import type { Account } from "./areas/account.js";
import type { Friends } from "./areas/friends.js";
import type { Messages } from "./areas/messages.js";
import type { People } from "./areas/people.js";
import type { Rooms } from "./areas/rooms.js";
import type { ConnectionState } from "./model/connection.js";
import type { SessionId, UserId } from "./model/ids.js";
import type { PendingMessage } from "./model/message.js";
import type { Store } from "./store/cell.js";

export interface Session {
  readonly id: SessionId;
  readonly userId: UserId;
  readonly account: Account;
  readonly rooms: Rooms;
  readonly messages: Messages;
  readonly friends: Friends;
  readonly people: People;
  readonly connection: Store<ConnectionState>;
  /** Everything on its way, all rooms. */
  readonly outbox: Store<readonly PendingMessage[]>;
  /** Ends the session at the server and removes everything of it from this device. */
  logout(): Promise<void>;
  /** Closes the connection; what is on this device stays. */
  close(): Promise<void>;
}
