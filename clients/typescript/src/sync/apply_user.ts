/** What each event of my own log changes: one small function for each type, in a table. */

import { type SessionId, roomId, sessionId, userId } from "../model/ids.js";
import type { FriendRequest } from "../model/friend.js";
import type { Relation } from "../model/user.js";
import type { World } from "../store/world.js";
import { toRoom } from "../wire/chat.js";
import type { WireUserEvent } from "../wire/frames.js";
import { toFriendRequest, toMe, toPrivacy } from "../wire/people.js";
import type { Schemas } from "../wire/schemas.js";
import { toTime } from "../wire/time.js";
import type { Effects } from "./effects.js";

interface Change {
  readonly world: World;
  readonly effects: Effects;
  readonly event: WireUserEvent;
  readonly mySession: SessionId;
}

type Apply = (change: Change) => void;

const RELATIONS = { pending: null, accepted: "friends", declined: "none", cancelled: "none" } as const;

const TABLE: Readonly<Record<string, Apply>> = {
  "room.added": ({ effects, event }) => effects.roomAdded(toRoom(event.d as Schemas["ChatRoomResponse"])),
  "room.settings": ({ world, event }) => world.rooms.adopt(toRoom(event.d as Schemas["ChatRoomResponse"])),
  "room.removed": ({ effects, event }) => effects.roomRemoved(roomId((event.d as Schemas["RoomRemoved"]).room_id)),
  "read.moved": moveRead,
  "friend.requested": request,
  "friend.accepted": request,
  "friend.declined": request,
  "friend.cancelled": request,
  "friend.removed": ({ world, effects, event }) => {
    const id = otherOf(event);
    world.friends.removeFriend(id);
    world.setRelation(id, "none");
    // Also said of a friend whose account is gone.
    effects.refreshPerson(id);
  },
  "block.added": ({ world, effects, event }) => {
    const id = otherOf(event);
    const user = world.people.of(id).getSnapshot() ?? world.friends.find(id);
    if (user) world.friends.block({ user: { ...user, relation: "blocked" }, blockedAt: toTime(event.at) });
    else effects.reload("blocked");
    world.setRelation(id, "blocked");
    effects.refreshPerson(id);
  },
  "block.removed": ({ world, event }) => {
    const id = otherOf(event);
    world.friends.unblock(id);
    world.setRelation(id, "none");
  },
  "profile.updated": ({ world, event }) => world.me.set(toMe(event.d as Schemas["MeResponse"])),
  "privacy.updated": ({ world, event }) => world.privacy.set(toPrivacy(event.d as Schemas["PrivacyResponse"])),
  "session.revoked": ({ world, effects, event, mySession }) => {
    const id = sessionId((event.d as Schemas["SessionRevoked"]).session_id);
    if (id === mySession) effects.sessionEnded();
    world.devices.update((list) => ({ ...list, items: list.items.filter((device) => device.id !== id) }));
  },
};

/** Applies the next entry of my own log. One of an unknown type only moves the log on. */
export function applyUserEvent(world: World, effects: Effects, event: WireUserEvent, mySession: SessionId): void {
  const apply = Object.hasOwn(TABLE, event.type) ? TABLE[event.type] : undefined;
  apply?.({ world, effects, event, mySession });
}

/** The types that are applied, for tests. */
export const USER_EVENTS = Object.keys(TABLE);

const otherOf = (event: WireUserEvent) => userId((event.d as Schemas["OtherUser"]).user_id);

function request({ world, effects, event }: Change): void {
  const moved: FriendRequest = toFriendRequest(event.d as Schemas["FriendRequestResponse"]);
  // Friendships that somebody brought in for me have an event too, and nothing was asked.
  const wasAsked = world.friends.outgoing.getSnapshot().items.some(({ id }) => id === moved.id);
  world.friends.adoptRequest(moved);
  const pending: Relation = moved.direction === "incoming" ? "incoming" : "outgoing";
  world.setRelation(moved.user.id, RELATIONS[moved.status] ?? pending);
  // A request of somebody whose account is deleted ends as cancelled.
  if (moved.status !== "pending") effects.refreshPerson(moved.user.id);
  // The request shows the other one as they were when it was made; the list has their presence and counts.
  if (moved.status !== "accepted") return;
  effects.reload("friends");
  if (wasAsked) effects.accepted(moved);
}

/** I read on, here or elsewhere. The count was taken at some point of the room's log that is not said. */
function moveRead({ world, effects, event }: Change): void {
  const { room_id, last_read_seq: position, unread_count } = event.d as Schemas["ReadMoved"];
  const id = roomId(room_id);
  const room = world.rooms.get(id);
  if (!room || position <= room.lastReadSeq) return;
  const counted = world.log(id).countUnread(position, room.lastSeq, world.me.getSnapshot().id);
  const isAtEnd = position >= room.lastSeq;
  world.rooms.change(id, (it) => ({
    ...it,
    lastReadSeq: position,
    unreadCount: isAtEnd ? 0 : (counted ?? unread_count),
    mentionCount: isAtEnd ? 0 : it.mentionCount,
  }));
  if (!isAtEnd && (counted === null || room.mentionCount > 0)) effects.refreshRoom(id);
}
