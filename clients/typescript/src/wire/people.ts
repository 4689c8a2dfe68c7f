/** People, friends and requests: from what the server says to the models. */

import type { BlockedPerson, Friend, FriendRequest, Suggestion } from "../model/friend.js";
import { friendRequestId, sessionId, userId } from "../model/ids.js";
import type { Presence } from "../model/presence.js";
import type { CloseAudience, Device, Me, Person, Privacy, ProfileChange, User, WideAudience } from "../model/user.js";
import type { Schemas } from "./schemas.js";
import { toTime, toTimeOrNull } from "./time.js";

export const toPerson = (wire: Schemas["Person"]): Person => ({
  id: userId(wire.id),
  username: wire.username,
  displayName: wire.display_name,
  avatarUrl: wire.avatar_url,
});

export const toUser = (wire: Schemas["UserResponse"]): User => ({
  ...toPerson(wire),
  bio: wire.bio ?? null,
  interests: wire.interests,
  friendsCount: wire.friends_count,
  mutualFriendsCount: wire.mutual_friends_count,
  relation: wire.relation,
});

export const toMe = (wire: Schemas["MeResponse"]): Me => ({
  ...toUser(wire),
  locale: wire.locale,
  createdAt: toTime(wire.created_at),
});

export const toDevice = (wire: Schemas["SessionInfoResponse"]): Device => ({
  id: sessionId(wire.id),
  deviceName: wire.device_name,
  createdAt: toTime(wire.created_at),
  lastUsedAt: toTime(wire.last_used_at),
  isCurrent: wire.current,
});

// The description has one list of words for all audiences; which of them a setting takes is the server's to keep.
export const toPrivacy = (wire: Schemas["PrivacyResponse"]): Privacy => ({
  searchable: wire.searchable as WideAudience,
  friendRequests: wire.friend_requests as WideAudience,
  directMessages: wire.direct_messages as CloseAudience,
  groupAdds: wire.group_adds as CloseAudience,
  presence: wire.presence as CloseAudience,
  lastSeen: wire.last_seen as CloseAudience,
  readReceipts: wire.read_receipts,
});

export const fromPrivacy = (change: Partial<Privacy>): Schemas["PrivacyUpdate"] => ({
  ...(change.searchable && { searchable: change.searchable }),
  ...(change.friendRequests && { friend_requests: change.friendRequests }),
  ...(change.directMessages && { direct_messages: change.directMessages }),
  ...(change.groupAdds && { group_adds: change.groupAdds }),
  ...(change.presence && { presence: change.presence }),
  ...(change.lastSeen && { last_seen: change.lastSeen }),
  ...(change.readReceipts !== undefined && { read_receipts: change.readReceipts }),
});

export const fromProfile = (change: ProfileChange): Schemas["ProfileUpdate"] => ({
  ...(change.displayName !== undefined && { display_name: change.displayName }),
  ...(change.bio !== undefined && { bio: change.bio }),
  ...(change.interests !== undefined && { interests: [...change.interests] }),
  ...(change.locale !== undefined && { locale: change.locale }),
});

const STATUSES = new Set(["online", "away", "offline"]);

/** A status that is newer than this package counts as absence. */
export const toPresence = (wire: {
  status: string;
  last_seen_at?: string | null;
  custom?: string | null;
}): Presence => ({
  status: STATUSES.has(wire.status) ? (wire.status as Presence["status"]) : "offline",
  lastSeenAt: toTimeOrNull(wire.last_seen_at),
  custom: wire.custom ?? null,
});

export const toFriend = (wire: Schemas["FriendResponse"]): Friend => ({
  user: toUser(wire.user),
  since: toTime(wire.since_at),
  presence: wire.presence && toPresence(wire.presence),
});

export const toFriendRequest = (wire: Schemas["FriendRequestResponse"]): FriendRequest => ({
  id: friendRequestId(wire.id),
  direction: wire.direction,
  user: toUser(wire.user),
  note: wire.note,
  status: wire.status,
  createdAt: toTime(wire.created_at),
  respondedAt: toTimeOrNull(wire.responded_at),
});

export const toBlocked = (wire: Schemas["BlockedUserResponse"]): BlockedPerson => ({
  user: toUser(wire.user),
  blockedAt: toTime(wire.blocked_at),
});

export const toSuggestion = (wire: Schemas["SuggestionResponse"]): Suggestion => ({
  user: toUser(wire.user),
  mutualFriendsCount: wire.mutual_friends_count,
  mutualFriends: wire.mutual_friends.map(toUser),
  reason: wire.reason,
});
