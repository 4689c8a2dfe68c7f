/** People: as others see them, as they see themselves, and what they allow. */

import type { SessionId, Timestamp, UserId } from "./ids.js";

/** The few fields that rooms show of a person. */
export interface Person {
  readonly id: UserId;
  readonly username: string;
  readonly displayName: string;
  readonly avatarUrl: string | null;
}

/** How I stand to somebody. */
export type Relation = "self" | "none" | "friends" | "outgoing" | "incoming" | "blocked";

export interface User extends Person {
  readonly bio: string | null;
  readonly interests: readonly string[];
  readonly friendsCount: number;
  readonly mutualFriendsCount: number;
  readonly relation: Relation;
}

export interface Me extends User {
  readonly locale: string | null;
  readonly createdAt: Timestamp;
}

/** Who may find me or ask me. */
export type WideAudience = "everyone" | "friends_of_friends" | "nobody";
/** Who may write to me, add me, see me. */
export type CloseAudience = "everyone" | "friends" | "nobody";

export interface Privacy {
  readonly searchable: WideAudience;
  readonly friendRequests: WideAudience;
  readonly directMessages: CloseAudience;
  readonly groupAdds: CloseAudience;
  readonly presence: CloseAudience;
  readonly lastSeen: CloseAudience;
  readonly readReceipts: boolean;
}

/** One of my logged-in devices. */
export interface Device {
  readonly id: SessionId;
  readonly deviceName: string | null;
  readonly createdAt: Timestamp;
  readonly lastUsedAt: Timestamp;
  readonly isCurrent: boolean;
}

/** What may be changed of my profile; what is left out stays. */
export interface ProfileChange {
  readonly displayName?: string;
  readonly bio?: string | null;
  readonly interests?: readonly string[];
  readonly locale?: string | null;
}
