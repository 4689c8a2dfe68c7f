import "fake-indexeddb/auto";

import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { RoomId } from "../../src/model/ids.js";
import { roomId } from "../../src/model/ids.js";
import { indexedDbStorage } from "../../src/persist/indexeddb.js";
import { Keeper } from "../../src/persist/keeper.js";
import type { Storage } from "../../src/persist/storage.js";
import { World } from "../../src/store/world.js";
import { Cursors } from "../../src/sync/cursors.js";
import { toMessage, toRoom } from "../../src/wire/chat.js";
import { toMe } from "../../src/wire/people.js";
import { ROOM, wireMe, wireMessage, wireRoom } from "../support/wire.js";

const room = roomId(ROOM);
const said = (seq: number) => toMessage(wireMessage({ seq }));
const newestPage = (...seqs: number[]) => ({ items: seqs.map(said), hasBefore: false, hasAfter: false, lastSeq: seqs.at(-1) ?? 0 });

class Disk {
  readonly world = new World(toMe(wireMe()));
  readonly cursors = new Cursors();
  readonly keeper: Keeper;

  constructor(readonly storage: Storage) {
    this.keeper = new Keeper(storage, this.world, this.cursors);
  }

  /** As `adoptRoom` of a device. */
  enter(lastSeq: number): void {
    this.world.rooms.adopt(toRoom(wireRoom({ last_seq: lastSeq })));
    this.cursors.track(room, lastSeq);
  }

  /** As a process that starts after this one has died. */
  async next(): Promise<Disk> {
    const next = new Disk(this.storage);
    await next.keeper.restore();
    await next.keeper.lead();
    return next;
  }

  async texts(id: RoomId = room): Promise<readonly (number | undefined)[]> {
    await this.keeper.loadLog(id);
    return this.world.log(id).tail.items.map(({ seq }) => seq);
  }
}

let disk: Disk;

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  disk = new Disk(await indexedDbStorage());
  await disk.keeper.lead();
});

describe("the keeper", () => {
  it("keeps what was read before the first connection for the moment when its place is known", async () => {
    disk.world.log(room).adoptNewest(newestPage(2, 3));
    disk.keeper.paged(room, true);
    await disk.keeper.flush();
    disk.cursors.start(1, 0);
    disk.enter(3);
    await disk.keeper.flush();

    expect(await (await disk.next()).texts()).toEqual([2, 3]);
  });

  it("keeps messages of a room that a link led to before the list of rooms was read", async () => {
    disk.cursors.start(1, 0);
    disk.world.log(room).adoptNewest(newestPage(2, 3));
    disk.keeper.paged(room, true);
    await disk.keeper.flush();
    disk.enter(3);
    await disk.keeper.flush();

    expect(await (await disk.next()).texts()).toEqual([2, 3]);
  });

  it("reads a room from the disk at once when nothing waits to be written, and after the writing when something does", async () => {
    disk.cursors.start(1, 0);
    disk.world.log(room).adoptNewest(newestPage(2, 3));
    disk.keeper.paged(room, true);
    disk.enter(3);
    await disk.keeper.flush();
    const next = await disk.next();
    await next.keeper.flush();
    const write = vi.spyOn(next.storage, "write");

    expect(await next.texts()).toEqual([2, 3]);
    expect(write).not.toHaveBeenCalled();

    const other = await disk.next();
    other.cursors.event(room, 4);
    other.keeper.keep(said(4));
    expect(await other.texts()).toEqual([2, 3, 4]);
    expect(write).toHaveBeenCalledOnce();
  });

  it("has a message on the disk soon, also while others keep coming", async () => {
    disk.cursors.start(1, 0);
    disk.enter(1);
    const write = vi.spyOn(disk.storage, "write");
    let seq = 1;
    const started = performance.now();
    const timer = setInterval(() => {
      seq += 1;
      disk.cursors.event(room, seq);
      disk.keeper.keep(said(seq));
    }, 20);
    try {
      await vi.waitUntil(() => write.mock.calls.length > 0, { timeout: 5_000, interval: 5 });
    } finally {
      clearInterval(timer);
    }

    expect(write.mock.calls[0]?.[0].messages[0]).toEqual({ kind: "put", message: said(2) });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it("writes what could not be written with the next change", async () => {
    disk.cursors.start(1, 0);
    disk.enter(1);
    vi.spyOn(disk.storage, "write").mockRejectedValueOnce(new Error("the disk is full"));
    disk.cursors.event(room, 2);
    disk.keeper.keep(said(2));
    await disk.keeper.flush();
    disk.cursors.event(room, 3);
    disk.keeper.keep(said(3));
    await disk.keeper.flush();

    expect(await (await disk.next()).texts()).toEqual([2, 3]);
  });

  it("leaves a disk alone that refuses again and again, with what it had", async () => {
    disk.cursors.start(1, 0);
    disk.enter(1);
    await disk.keeper.flush();
    const write = vi.spyOn(disk.storage, "write").mockRejectedValue(new Error("the disk is full"));
    for (let seq = 2; seq < 20; seq += 1) {
      disk.cursors.event(room, seq);
      disk.keeper.keep(said(seq));
      await disk.keeper.flush();
    }

    expect(write).toHaveBeenCalledTimes(5);
    expect((await disk.storage.load()).rooms.map(({ cursor }) => cursor)).toEqual([1]);
  });

  it("removes a room that is no longer mine, and what comes after a return starts anew", async () => {
    disk.cursors.start(1, 0);
    disk.enter(2);
    disk.world.log(room).adoptNewest(newestPage(2));
    disk.keeper.paged(room, true);
    await disk.keeper.flush();
    disk.world.rooms.remove(room);
    disk.cursors.forget(room);
    disk.world.log(room).reset();
    disk.enter(9);
    disk.cursors.event(room, 10);
    disk.keeper.keep(said(10));
    await disk.keeper.flush();

    expect(await (await disk.next()).texts()).toEqual([10]);
  });

  it("reads the rooms once at a start, and again when another tab wrote meanwhile", async () => {
    disk.cursors.start(1, 1);
    disk.enter(1);
    disk.keeper.keep(said(1));
    await disk.keeper.flush();
    const load = vi.fn(disk.storage.load);
    const alone = await new Disk({ ...disk.storage, load }).next();
    expect(load).toHaveBeenCalledTimes(1);
    expect(await alone.texts()).toEqual([1]);

    const late = new Disk({ ...disk.storage, load });
    await late.keeper.restore();
    disk.enter(2);
    disk.keeper.keep(said(2));
    await disk.keeper.flush();
    await late.keeper.lead();
    expect(load).toHaveBeenCalledTimes(3);
  });

  it("shows what the disk has when the tab that leads does not answer", async () => {
    disk.cursors.start(1, 1);
    disk.enter(1);
    disk.keeper.keep(said(1));
    await disk.keeper.flush();
    const follower = new Disk(disk.storage);
    await follower.keeper.restore();

    follower.keeper.follow(() => new Promise(() => {}));

    expect(await follower.texts()).toEqual([1]);
  });

  it("brings back what else happened in a room", async () => {
    disk.cursors.start(1, 0);
    disk.enter(3);
    const who = toRoom(wireRoom()).participants[0]!.user;
    disk.keeper.noted(room, { from: 1, to: 3 }, [{ kind: "joined", seq: 3, at: 0, who }]);
    await disk.keeper.flush();

    // Of a room that nobody opens they stay on the disk, from one process to the next.
    const unopened = await disk.next();
    unopened.keeper.touch(room);
    await unopened.keeper.flush();
    const { keeper, world } = await unopened.next();
    await keeper.loadLog(room);

    expect(world.log(room).notes).toEqual({ notes: [{ kind: "joined", seq: 3, at: 0, who }], known: [{ from: 1, to: 3 }] });
  });
});
