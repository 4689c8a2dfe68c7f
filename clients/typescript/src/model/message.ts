/** What was said, what is about to be said, and who has seen it. */

import type { ClientId, MessageId, RoomId, Timestamp, UserId } from "./ids.js";

export interface ReplyPreview {
  readonly id: MessageId;
  readonly seq: number;
  readonly senderId: UserId;
  readonly excerpt: string;
}

export interface Reaction {
  readonly emoji: string;
  readonly count: number;
  readonly isMine: boolean;
}

export interface ChatMessage {
  readonly id: MessageId;
  readonly roomId: RoomId;
  /** Its place in the room's one order. */
  readonly seq: number;
  readonly senderId: UserId;
  /** Only on my own messages. */
  readonly clientId: ClientId | null;
  /** Null once it is deleted. */
  readonly text: string | null;
  readonly mentions: readonly UserId[];
  readonly replyTo: ReplyPreview | null;
  readonly reactions: readonly Reaction[];
  readonly createdAt: Timestamp;
  readonly editedAt: Timestamp | null;
  readonly deletedAt: Timestamp | null;
}

/** A send that the server has not confirmed yet. It is on this device's disk. */
export interface PendingMessage {
  readonly clientId: ClientId;
  readonly roomId: RoomId;
  readonly text: string;
  readonly replyTo: MessageId | null;
  readonly createdAt: Timestamp;
  readonly state: PendingState;
}

export type PendingState =
  /** Waits for its turn or for a connection. */
  | { readonly kind: "queued" }
  /** Under way. */
  | { readonly kind: "sending" }
  /** Refused for good; `retry` or `discard` it. `code` is the server's word. */
  | { readonly kind: "failed"; readonly code: string };

/** Who has got or read one message, and when. */
export interface MessageReadReceipt {
  readonly userId: UserId;
  readonly deliveredAt: Timestamp | null;
  readonly readAt: Timestamp | null;
}
