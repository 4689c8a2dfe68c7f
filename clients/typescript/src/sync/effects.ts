/** What an event asks for beyond the stores. */

import type { FriendRequest } from "../model/friend.js";
import type { ClientId, MessageId, RoomId, UserId } from "../model/ids.js";
import type { ChatMessage } from "../model/message.js";
import type { RoomNote } from "../model/note.js";
import type { ChatRoom } from "../model/room.js";

/** What is read anew from the server when an event does not say enough. */
export type Reload = "friends" | "requests" | "blocked" | "me";

export interface Effects {
  /** Shows and stores a message. */
  keep(message: ChatMessage): void;
  /** Changes a message wherever it is, in memory or on disk; `seq` is the event's. */
  amend(roomId: RoomId, id: MessageId, seq: number, change: (message: ChatMessage) => ChatMessage): void;
  /** The entry of the log is no message; null when there is nothing to say of it. */
  note(roomId: RoomId, seq: number, note: RoomNote | null): void;
  /** A send of mine has arrived. */
  settle(clientId: ClientId): void;
  refreshRoom(roomId: RoomId): void;
  roomAdded(room: ChatRoom): void;
  roomRemoved(roomId: RoomId): void;
  reload(what: Reload): void;
  /** What is shown of somebody may be no longer true: their counts, or that there is such an account. */
  refreshPerson(userId: UserId): void;
  /** Somebody whom I asked is my friend now. */
  accepted(request: FriendRequest): void;
  sessionEnded(): void;
}
