import { beforeEach, describe, expect, it, vi } from "vitest";

import { ApiError } from "../../src/api/error.js";
import { roomId } from "../../src/model/ids.js";
import type { RoomNote } from "../../src/model/note.js";
import { Keeper } from "../../src/persist/keeper.js";
import { memoryStorage } from "../../src/persist/memory.js";
import { World } from "../../src/store/world.js";
import { Cursors } from "../../src/sync/cursors.js";
import { History } from "../../src/sync/history.js";
import { toMessage, toRoom } from "../../src/wire/chat.js";
import { toNote } from "../../src/wire/notes.js";
import { toMe } from "../../src/wire/people.js";
import { ANN, ME, ROOM, roomEvent, wireMe, wireMember, wireMessage, wireRoom } from "../support/wire.js";

const room = roomId(ROOM);
const note = (seq: number): RoomNote => toNote(roomEvent(seq, "participant.joined", wireMember(ANN)))!;

let world: World;
let notes: ReturnType<typeof vi.fn<(id: string, after: number, limit: number) => Promise<readonly RoomNote[]>>>;
let history: History;

function show(seqs: readonly number[], head: number, hasBefore = false): void {
  world.rooms.adopt(toRoom(wireRoom({ last_seq: head })));
  world.log(room).adoptNewest({ items: seqs.map((seq) => toMessage(wireMessage({ seq }))), hasBefore, hasAfter: false, lastSeq: head });
}

beforeEach(() => {
  world = new World(toMe(wireMe()));
  notes = vi.fn(async (_id, after, limit) => [...new Set([after + 1, after + limit])].map(note));
  history = new History(world, { notes }, new Keeper(memoryStorage(), world, new Cursors()));
});

const seen = () => world.log(room).cell.getSnapshot().notes.map(({ seq }) => seq);

describe("what happened between messages", () => {
  it("is read where the numbers leave gaps, once", async () => {
    show([2, 3, 6, 7], 8);

    await history.fill(room);
    await history.fill(room);

    expect(notes.mock.calls).toEqual([[room, 0, 8]]);
    expect(seen()).toEqual([1, 8]);
  });

  it("is not asked for where there is no gap, or before what is shown", async () => {
    show([20, 21, 22], 22, true);

    await history.fill(room);

    expect(notes).not.toHaveBeenCalled();
  });

  it("is not asked for again when an event told it", async () => {
    show([1, 2], 2);
    world.log(room).adoptNotes({ from: 3, to: 3 }, [note(3)]);
    world.rooms.change(room, (it) => ({ ...it, lastSeq: 3 }));

    await history.fill(room);

    expect(notes).not.toHaveBeenCalled();
    expect(seen()).toEqual([3]);
  });

  it("takes gaps that are far apart each for itself", async () => {
    show([1, 2, ...Array.from({ length: 100 }, (_, index) => index + 4), 105], 105);

    await history.fill(room);

    expect(notes.mock.calls.map(([, after, limit]) => [after, limit])).toEqual([[103, 1], [2, 1]]);
  });

  it("is tried again after a failure", async () => {
    show([2], 2);
    notes.mockRejectedValueOnce(ApiError.network());
    await history.fill(room);
    await history.fill(room);

    expect(seen()).toEqual([1]);
  });

  it("is read of the stretch that a jump shows while another one is read", async () => {
    show([42, 44], 44, true);
    const page = (seqs: readonly number[]) => ({ items: seqs.map((seq) => toMessage(wireMessage({ seq }))), hasBefore: true, hasAfter: true, lastSeq: 44 });

    const first = history.fill(room);
    world.log(room).adoptAround(page([10, 12]));
    await Promise.all([history.fill(room), first]);

    expect(notes.mock.calls.map(([, after]) => after)).toEqual([42, 10]);
    expect(seen()).toEqual([11]);
  });

  it("is nothing in a direct room", async () => {
    show([2], 3);
    world.rooms.change(room, (it) => ({ ...it, kind: "direct" }));

    await history.fill(room);

    expect(notes).not.toHaveBeenCalled();
  });
});

describe("an event", () => {
  it("is a note of who did what", () => {
    const kinds = [
      roomEvent(1, "room.created", { kind: "group", name: "G", participants: [wireMember(ANN), wireMember(ME, { role: "owner" })] }),
      roomEvent(2, "participant.left", wireMember(ANN)),
      roomEvent(3, "participant.role", wireMember(ANN, { role: "admin" })),
      roomEvent(4, "room.updated", { actor_id: ANN, name: "Better" }),
    ].map(toNote);

    expect(kinds).toMatchObject([{ kind: "created", by: { id: ME } }, { kind: "left", who: { id: ANN } }, { kind: "role", role: "admin" }, { kind: "renamed", byId: ANN, name: "Better" }]);
  });

  it("is none when it changes only the picture, makes a direct room, or is of a kind unknown here", () => {
    const kinds = [roomEvent(1, "room.updated", { actor_id: ANN, avatar_url: "/a" }), roomEvent(1, "room.created", { kind: "direct", participants: [] }), roomEvent(1, "message.pinned", {}), roomEvent(1, "toString", {})];

    expect(kinds.map(toNote)).toEqual([null, null, null, null]);
  });
});
