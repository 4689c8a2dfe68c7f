/** Rooms, who is in them, and how far each has read. */

import type { RoomId, Timestamp, UserId } from "./ids.js";
import type { ChatMessage } from "./message.js";
import type { Person } from "./user.js";

export type Role = "owner" | "admin" | "member";

export interface ChatParticipant {
  readonly user: Person;
  readonly role: Role;
  readonly joinedAt: Timestamp;
  readonly lastReadSeq: number;
}

export interface ChatRoom {
  readonly id: RoomId;
  readonly kind: "direct" | "group";
  /** Null in a direct room: show the other participant. */
  readonly name: string | null;
  readonly avatarUrl: string | null;
  /** Set when another system owns the room. */
  readonly externalId: string | null;
  /** The newest event that this object takes into account. */
  readonly lastSeq: number;
  readonly lastMessage: ChatMessage | null;
  /** Exact to 1,000 and then 1000. */
  readonly unreadCount: number;
  readonly mentionCount: number;
  readonly lastReadSeq: number;
  readonly role: Role;
  /** History before it is not mine to see. */
  readonly joinedSeq: number;
  readonly mutedUntil: Timestamp | null;
  readonly isPinned: boolean;
  readonly isArchived: boolean;
  readonly participantCount: number;
  /** Up to ten of them; `rooms.participants` lists all. */
  readonly participants: readonly ChatParticipant[];
  readonly createdAt: Timestamp;
  /** When something was last said or done here; orders the list. */
  readonly updatedAt: Timestamp;
}

/** How far somebody is in a room; moves up only. */
export interface Position {
  readonly readSeq: number;
  readonly deliveredSeq: number;
}

export type Positions = ReadonlyMap<UserId, Position>;

/** How I want to see a room. */
export interface RoomSettingsChange {
  readonly mutedUntil?: Timestamp | null;
  readonly isPinned?: boolean;
  readonly isArchived?: boolean;
}
