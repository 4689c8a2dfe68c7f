import { beforeEach, describe, expect, it, vi } from "vitest";

import { clientId, messageId, roomId, userId } from "../../src/model/ids.js";
import { World } from "../../src/store/world.js";
import { ROOM_EVENTS, applyRoomEvent } from "../../src/sync/apply_room.js";
import type { Effects } from "../../src/sync/effects.js";
import { toMessage, toParticipant, toRoom } from "../../src/wire/chat.js";
import { toMe } from "../../src/wire/people.js";
import { ANN, AT, BEN, ME, ROOM, messageIdOf, roomEvent, wireMe, wireMember, wireMessage, wireRoom } from "../support/wire.js";

const room = roomId(ROOM);
let world: World;
let effects: Effects;

beforeEach(() => {
  world = new World(toMe(wireMe()));
  world.rooms.adopt(toRoom(wireRoom({ last_seq: 2, last_message: wireMessage({ seq: 2 }), unread_count: 1 })));
  world.log(room).restore([toMessage(wireMessage({ seq: 2 }))], false);
  effects = {
    keep: vi.fn((message) => world.log(room).put(message)),
    amend: vi.fn((_room, id, seq, change) => void world.log(room).change(id, seq, change)),
    note: vi.fn(),
    settle: vi.fn(),
    refreshRoom: vi.fn(),
    roomAdded: vi.fn(),
    roomRemoved: vi.fn(),
    reload: vi.fn(),
    refreshPerson: vi.fn(),
    sessionEnded: vi.fn(),
    accepted: vi.fn(),
  };
});

const apply = (seq: number, type: string, d: unknown) => applyRoomEvent(world, effects, roomEvent(seq, type, d));
const now = () => world.rooms.get(room)!;
const first = () => world.log(room).find(messageId(messageIdOf(ROOM, 2)));

/** One case for each type that the table knows. */
const CASES: Record<string, () => void> = {
  "room.created": () => {
    apply(3, "room.created", { kind: "group", name: "Room", participants: [] });

    expect(now()).toMatchObject({ lastSeq: 3, unreadCount: 1 });
  },
  "room.updated": () => {
    apply(3, "room.updated", { actor_id: ANN, name: "New name" });

    expect(now()).toMatchObject({ name: "New name", avatarUrl: null, lastSeq: 3 });
  },
  "message.created": () => {
    apply(3, "message.created", wireMessage({ seq: 3, mentions: [ME] }));

    expect(now()).toMatchObject({ unreadCount: 2, mentionCount: 1, lastMessage: { seq: 3 }, updatedAt: Date.parse(AT) });
    expect(world.log(room).cell.getSnapshot().items.map(({ seq }) => seq)).toEqual([2, 3]);
  },
  "message.edited": () => {
    world.log(room).change(messageId(messageIdOf(ROOM, 2)), 2, (it) => ({ ...it, reactions: [{ emoji: "👍", count: 1, isMine: false }] }));
    apply(3, "message.edited", wireMessage({ seq: 2, text: "better", edited_at: AT }));

    expect(first()).toMatchObject({ text: "better", editedAt: Date.parse(AT), reactions: [{ emoji: "👍" }] });
    expect(now().lastMessage?.text).toBe("better");
  },
  "message.deleted": () => {
    apply(3, "message.deleted", { id: messageIdOf(ROOM, 2) });

    expect(first()).toMatchObject({ text: null, deletedAt: Date.parse(AT) });
    expect(now()).toMatchObject({ unreadCount: 0, lastMessage: { text: null } });
  },
  "reaction.added": () => {
    apply(3, "reaction.added", { message_id: messageIdOf(ROOM, 2), user_id: ANN, emoji: "👍" });
    apply(4, "reaction.added", { message_id: messageIdOf(ROOM, 2), user_id: ME, emoji: "👍" });

    expect(first()?.reactions).toEqual([{ emoji: "👍", count: 2, isMine: true }]);
  },
  "reaction.removed": () => {
    apply(3, "reaction.added", { message_id: messageIdOf(ROOM, 2), user_id: ME, emoji: "👍" });
    apply(4, "reaction.removed", { message_id: messageIdOf(ROOM, 2), user_id: ME, emoji: "👍" });

    expect(first()?.reactions).toEqual([]);
  },
  "participant.joined": () => {
    world.participants.of(room).set({ items: [toParticipant(wireMember(ANN))], load: { kind: "ready" }, hasMore: false });
    apply(3, "participant.joined", wireMember(BEN));

    expect(now()).toMatchObject({ participantCount: 3, participants: [{}, {}, { user: { id: BEN } }] });
    expect(world.participants.of(room).getSnapshot().items).toHaveLength(2);
  },
  "participant.left": () => {
    apply(3, "participant.left", wireMember(ANN));

    expect(now().participants.map(({ user }) => user.id)).toEqual([ME]);
    expect(now().participantCount).toBe(1);
  },
  "participant.role": () => {
    apply(3, "participant.role", wireMember(ME, { role: "owner" }));

    expect(now()).toMatchObject({ role: "owner", participants: [{ role: "owner" }, { role: "member" }] });
  },
};

describe("an event of a room", () => {
  it.each(ROOM_EVENTS)("%s has its effect", (type) => {
    const check = CASES[type];

    expect(check, `no case for ${type}`).toBeDefined();
    check?.();
  });

  it("of an unknown type moves the room on and changes nothing else", () => {
    apply(3, "message.pinned", { id: messageIdOf(ROOM, 2) });

    expect(now()).toMatchObject({ lastSeq: 3, unreadCount: 1 });
  });

  it("that the room object already contains changes the messages only", () => {
    world.rooms.adopt(toRoom(wireRoom({ last_seq: 9, unread_count: 7 })));
    apply(3, "message.created", wireMessage({ seq: 3 }));

    expect(now()).toMatchObject({ lastSeq: 9, unreadCount: 7 });
    expect(world.log(room).cell.getSnapshot().items).toHaveLength(2);
  });
});

describe("what is no message", () => {
  it("is noted, with nothing to say of what a history does not mention", () => {
    apply(3, "participant.left", wireMember(ANN));
    apply(4, "reaction.added", { message_id: messageIdOf(ROOM, 2), user_id: ANN, emoji: "👍" });
    apply(5, "message.created", wireMessage({ seq: 5 }));

    expect(vi.mocked(effects.note).mock.calls).toMatchObject([[room, 3, { kind: "left" }], [room, 4, null]]);
  });
});

describe("somebody who leaves without a name", () => {
  it("has deleted their account, and is called so in every room", () => {
    const direct = toRoom(wireRoom({ id: "direct", kind: "direct", name: null }));
    world.rooms.adopt(direct);
    apply(3, "participant.left", wireMember(ANN, { user: { id: ANN, username: "", display_name: "deleted account", avatar_url: null } }));

    expect(world.rooms.get(direct.id)?.participants.map(({ user }) => user.username)).toEqual(["u1", ""]);
  });
});

describe("my own message", () => {
  it("settles its send and is not unread", () => {
    apply(3, "message.created", wireMessage({ seq: 3, sender_id: ME, client_id: "c1" }));

    expect(effects.settle).toHaveBeenCalledWith(clientId("c1"));
    expect(now().unreadCount).toBe(1);
  });
});

describe("unread counts", () => {
  it("stop at a thousand", () => {
    world.rooms.change(room, (it) => ({ ...it, unreadCount: 1000 }));
    apply(3, "message.created", wireMessage({ seq: 3 }));

    expect(now().unreadCount).toBe(1000);
  });

  it("are asked for when a message that is not here is deleted", () => {
    apply(3, "message.deleted", { id: "unknown" });

    expect(effects.refreshRoom).toHaveBeenCalledWith(room);
  });
});

describe("a message that arrives", () => {
  it("ends its sender's typing", () => {
    world.typing.set(room, userId(ANN), true);
    apply(3, "message.created", wireMessage({ seq: 3 }));

    expect(world.typing.of(room).getSnapshot()).toEqual([]);
  });
});

describe("what is said while my reading is on its way", () => {
  it("is counted when it comes, although the server showed the room before it knew how far I have read", () => {
    world.rooms.change(room, (it) => ({ ...it, lastReadSeq: 2, unreadCount: 0 }));
    world.rooms.adopt(toRoom(wireRoom({ last_seq: 3, last_message: wireMessage({ seq: 3 }), last_read_seq: 0, unread_count: 2 })));
    apply(3, "message.created", wireMessage({ seq: 3 }));

    expect(now()).toMatchObject({ lastSeq: 3, lastReadSeq: 2, unreadCount: 1 });
  });
});
