import { beforeEach, describe, expect, it, vi } from "vitest";

import { roomId, sessionId, userId } from "../../src/model/ids.js";
import { World } from "../../src/store/world.js";
import { USER_EVENTS, applyUserEvent } from "../../src/sync/apply_user.js";
import type { Effects } from "../../src/sync/effects.js";
import { toMessage, toRoom } from "../../src/wire/chat.js";
import { toMe, toUser } from "../../src/wire/people.js";
import { ANN, AT, ROOM, SESSION, userEvent, wireMe, wireMessage, wireRequest, wireRoom, wireUser } from "../support/wire.js";

const room = roomId(ROOM);
const ann = userId(ANN);
let world: World;
let effects: Effects;

beforeEach(() => {
  world = new World(toMe(wireMe()));
  world.rooms.adopt(toRoom(wireRoom({ last_seq: 4, unread_count: 3 })));
  world.people.of(ann).set(toUser(wireUser(ANN)));
  effects = {
    keep: vi.fn(),
    amend: vi.fn(),
    note: vi.fn(),
    settle: vi.fn(),
    refreshRoom: vi.fn(),
    roomAdded: vi.fn(),
    roomRemoved: vi.fn(),
    reload: vi.fn(),
    refreshPerson: vi.fn(),
    accepted: vi.fn(),
    sessionEnded: vi.fn(),
  };
});

const apply = (type: string, d: unknown) => applyUserEvent(world, effects, userEvent(1, type, d), sessionId(SESSION));
const relation = () => world.people.of(ann).getSnapshot()?.relation;
const friends = () => world.friends.list.getSnapshot().items;
const incoming = () => world.friends.incoming.getSnapshot().items;

const befriend = () => apply("friend.accepted", wireRequest({ status: "accepted", responded_at: AT, user: wireUser(ANN, { relation: "friends" }) }));

/** One case for each type that the table knows. */
const CASES: Record<string, () => void> = {
  "room.added": () => {
    apply("room.added", wireRoom({ name: "Another" }));

    expect(effects.roomAdded).toHaveBeenCalledWith(expect.objectContaining({ name: "Another" }));
  },
  "room.settings": () => {
    apply("room.settings", wireRoom({ last_seq: 4, unread_count: 3, pinned: true }));

    expect(world.rooms.get(room)).toMatchObject({ isPinned: true, unreadCount: 3 });
  },
  "room.removed": () => {
    apply("room.removed", { room_id: ROOM, leave_seq: 5 });

    expect(effects.roomRemoved).toHaveBeenCalledWith(room);
  },
  "read.moved": () => {
    apply("read.moved", { room_id: ROOM, last_read_seq: 4, unread_count: 0 });

    expect(world.rooms.get(room)).toMatchObject({ lastReadSeq: 4, unreadCount: 0 });
  },
  "friend.requested": () => {
    apply("friend.requested", wireRequest());

    expect(incoming()).toHaveLength(1);
    expect(relation()).toBe("incoming");
  },
  "friend.accepted": () => {
    apply("friend.requested", wireRequest());
    befriend();

    expect(incoming()).toEqual([]);
    expect(friends().map(({ user }) => user.id)).toEqual([ANN]);
    expect(relation()).toBe("friends");
  },
  "friend.declined": () => {
    apply("friend.requested", wireRequest());
    apply("friend.declined", wireRequest({ status: "declined" }));

    expect(incoming()).toEqual([]);
    expect(relation()).toBe("none");
  },
  "friend.cancelled": () => {
    apply("friend.requested", wireRequest());
    apply("friend.cancelled", wireRequest({ status: "cancelled" }));

    expect(incoming()).toEqual([]);
  },
  "friend.removed": () => {
    befriend();
    apply("friend.removed", { user_id: ANN });

    expect(friends()).toEqual([]);
    expect(relation()).toBe("none");
  },
  "block.added": () => {
    befriend();
    apply("block.added", { user_id: ANN });

    expect(friends()).toEqual([]);
    expect(world.friends.blocked.getSnapshot().items.map(({ user }) => user.id)).toEqual([ANN]);
    expect(relation()).toBe("blocked");
  },
  "block.removed": () => {
    apply("block.added", { user_id: ANN });
    apply("block.removed", { user_id: ANN });

    expect(world.friends.blocked.getSnapshot().items).toEqual([]);
    expect(relation()).toBe("none");
  },
  "profile.updated": () => {
    apply("profile.updated", wireMe({ display_name: "New me" }));

    expect(world.me.getSnapshot().displayName).toBe("New me");
  },
  "privacy.updated": () => {
    const everyone = "everyone" as const;
    apply("privacy.updated", { searchable: "nobody", friend_requests: everyone, direct_messages: everyone, group_adds: everyone, presence: everyone, last_seen: everyone, read_receipts: false });

    expect(world.privacy.getSnapshot()).toMatchObject({ searchable: "nobody", readReceipts: false });
  },
  "session.revoked": () => {
    apply("session.revoked", { session_id: "another" });
    expect(effects.sessionEnded).not.toHaveBeenCalled();

    apply("session.revoked", { session_id: SESSION });
    expect(effects.sessionEnded).toHaveBeenCalledOnce();
  },
};

describe("an event of mine", () => {
  it.each(USER_EVENTS)("%s has its effect", (type) => {
    const check = CASES[type];

    expect(check, `no case for ${type}`).toBeDefined();
    check?.();
  });

  it("of an unknown type changes nothing", () => {
    apply("badge.won", {});

    expect(world.rooms.get(room)).toMatchObject({ lastSeq: 4, unreadCount: 3 });
  });
});

describe("an accepted request", () => {
  const asked = (status: "pending" | "accepted", direction: "incoming" | "outgoing") =>
    apply(status === "pending" ? "friend.requested" : "friend.accepted", wireRequest({ status, direction, user: wireUser(ANN) }));

  it("of mine is told, and waits no longer", () => {
    asked("pending", "outgoing");
    asked("accepted", "outgoing");

    expect(effects.accepted).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ status: "accepted" }));
    expect(world.friends.outgoing.getSnapshot().items).toEqual([]);
  });

  it("that I answered myself, or that was brought in, is no news", () => {
    asked("pending", "incoming");
    asked("accepted", "incoming");
    asked("accepted", "outgoing");

    expect(effects.accepted).not.toHaveBeenCalled();
  });
});

describe("a position that moved elsewhere", () => {
  it("is counted from the messages that are here", () => {
    world.log(room).restore([2, 3, 4].map((seq) => toMessage(wireMessage({ seq }))), false);
    apply("read.moved", { room_id: ROOM, last_read_seq: 2, unread_count: 9 });

    expect(world.rooms.get(room)?.unreadCount).toBe(2);
  });

  it("is asked for when they are not", () => {
    apply("read.moved", { room_id: ROOM, last_read_seq: 2, unread_count: 1 });

    expect(effects.refreshRoom).toHaveBeenCalledWith(room);
  });

  it("never moves back", () => {
    apply("read.moved", { room_id: ROOM, last_read_seq: 4, unread_count: 0 });
    apply("read.moved", { room_id: ROOM, last_read_seq: 2, unread_count: 2 });

    expect(world.rooms.get(room)).toMatchObject({ lastReadSeq: 4, unreadCount: 0 });
  });
});

describe("a block of somebody unknown here", () => {
  it("reads the list anew", () => {
    world.people.of(ann).set(null);
    apply("block.added", { user_id: ANN });

    expect(effects.reload).toHaveBeenCalledWith("blocked");
  });
});
