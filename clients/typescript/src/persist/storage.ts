/** What of a session outlives the process, and how it is written. */

import type { Friend, FriendRequest } from "../model/friend.js";
import type { ClientId, MessageId, RoomId, SessionId, UserId } from "../model/ids.js";
import type { ChatMessage, PendingMessage } from "../model/message.js";
import type { ChatRoom } from "../model/room.js";
import type { Me, Privacy } from "../model/user.js";
import type { SavedNotes } from "../store/messages.js";

/** Whose device this is. Kept apart from the rest, because tokens are renewed before anything is read. */
export interface SavedDevice {
  readonly userId: UserId;
  readonly sessionId: SessionId;
  readonly me: Me;
  /** Of a token refresh whose answer has not come. */
  readonly attemptId: string | null;
  /** The server ended the session. What the person wrote waits for their next login. */
  readonly hasEnded: boolean;
}

export interface SavedState {
  /** Another one with each write: tells a tab whether somebody has written since it read. */
  readonly written: string;
  readonly epoch: number;
  readonly useq: number;
  /** Whether everything was read that stood already where the cursors began. */
  readonly isFilled: boolean;
  readonly me: Me;
  readonly privacy: Privacy | null;
  readonly friends: readonly Friend[];
  readonly incoming: readonly FriendRequest[];
  readonly outgoing: readonly FriendRequest[];
  /** Positions that the server has not confirmed. */
  readonly reads: readonly (readonly [RoomId, number])[];
}

/** From which seq on the stored messages are complete up to the cursor, and whether there are older ones elsewhere. */
export interface Tail {
  readonly from: number;
  readonly hasOlder: boolean;
}

export interface SavedRoom {
  readonly id: RoomId;
  readonly room: ChatRoom;
  readonly cursor: number;
  readonly tail: Tail | null;
  readonly notes: SavedNotes;
}

interface Saved {
  readonly state: SavedState | null;
  readonly rooms: readonly SavedRoom[];
}

export type MessageOp =
  | { readonly kind: "put"; readonly message: ChatMessage }
  | { readonly kind: "amend"; readonly id: MessageId; readonly change: (message: ChatMessage) => ChatMessage }
  | { readonly kind: "clear"; readonly roomId: RoomId };

/** Written in one piece: cursors never run ahead of what they stand for. */
export interface Batch {
  readonly state: SavedState;
  readonly rooms: readonly SavedRoom[];
  /** Rooms of which nothing is claimed any more; their messages go by a `clear`. */
  readonly removed: readonly RoomId[];
  readonly messages: readonly MessageOp[];
}

/** Without a tail nothing is claimed of the room's messages, and there are none. */
export interface SavedLog {
  readonly tail: Tail | null;
  readonly messages: readonly ChatMessage[];
}

export interface Storage {
  device(): Promise<SavedDevice | null>;
  saveDevice(device: SavedDevice | null): Promise<void>;
  load(): Promise<Saved>;
  state(): Promise<SavedState | null>;
  /** Answers the tails that became shorter, because old messages were dropped. */
  write(batch: Batch): Promise<ReadonlyMap<RoomId, Tail>>;
  /** A room's newest stretch, ascending. */
  log(roomId: RoomId): Promise<SavedLog>;
  outbox(): Promise<readonly PendingMessage[]>;
  putPending(message: PendingMessage): Promise<void>;
  deletePending(clientId: ClientId): Promise<void>;
  drafts(): Promise<ReadonlyMap<RoomId, string>>;
  /** The empty draft is none. */
  putDraft(roomId: RoomId, text: string): Promise<void>;
  /** Removes what the server has too; what the person wrote and it has not got stays. */
  wipeServerData(): Promise<void>;
  /** Removes everything. */
  wipe(): Promise<void>;
  close(): void;
}
