/** Friends, requests, blocked people, and people one may know. */

import type { FriendRequestId, Timestamp } from "./ids.js";
import type { Presence } from "./presence.js";
import type { User } from "./user.js";

export interface Friend {
  readonly user: User;
  readonly since: Timestamp;
  /** As it was when the list was read; `session.presence` has the live one. */
  readonly presence: Presence | null;
}

export type RequestStatus = "pending" | "accepted" | "declined" | "cancelled";

export interface FriendRequest {
  readonly id: FriendRequestId;
  readonly direction: "incoming" | "outgoing";
  /** The other one. */
  readonly user: User;
  readonly note: string | null;
  readonly status: RequestStatus;
  readonly createdAt: Timestamp;
  readonly respondedAt: Timestamp | null;
}

/** Accept and decline are the receiver's, cancel is the sender's. */
export type RequestAction = "accept" | "decline" | "cancel";

export interface BlockedPerson {
  readonly user: User;
  readonly blockedAt: Timestamp;
}

export interface Suggestion {
  readonly user: User;
  readonly mutualFriendsCount: number;
  readonly mutualFriends: readonly User[];
  /** A word of the server's for why: `mutual_friends`, `shared_interests`, … */
  readonly reason: string;
}
