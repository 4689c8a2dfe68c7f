import "fake-indexeddb/auto";

import { IDBFactory } from "fake-indexeddb";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { indexedDbStorage } from "../../src/persist/indexeddb.js";
import type { Storage } from "../../src/persist/storage.js";
import { toMessage, toRoom } from "../../src/wire/chat.js";
import { FakeServer } from "../support/fakeServer.js";
import { type Fate, Phone } from "../support/phone.js";
import { ANN, ME } from "../support/wire.js";

type Step =
  | { readonly kind: "new room" | "reconnect" | "restart" | "killed" | "befriend" | "flush" | "offline" }
  | { readonly kind: "hear" | "send" | "read" | "open" | "older" | "leave" | "come back" | "rename"; readonly room: number }
  | { readonly kind: "edit" | "remove" | "react"; readonly room: number; readonly which: number };

const room = fc.nat({ max: 2 });
const which = fc.nat({ max: 4 });
const inRoom = (...kinds: ("hear" | "send" | "read" | "open" | "older" | "leave" | "come back" | "rename")[]) =>
  fc.record({ kind: fc.constantFrom(...kinds), room });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: inRoom("hear", "hear", "send") },
  { weight: 3, arbitrary: inRoom("read", "open", "older", "rename") },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("edit" as const, "remove" as const, "react" as const), room, which }) },
  { weight: 1, arbitrary: inRoom("leave", "come back") },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("new room" as const, "reconnect" as const, "restart" as const, "killed" as const, "befriend" as const, "flush" as const, "offline" as const) }) },
);
const fates: fc.Arbitrary<Fate[]> = fc.array(
  fc.oneof({ weight: 6, arbitrary: fc.constant<Fate>("arrives") }, { weight: 2, arbitrary: fc.constantFrom<Fate>("is lost", "arrives twice", "comes late") }),
  { maxLength: 60 },
);

/** Lets everything that is under way come to its end. */
const settle = async (turns = 6): Promise<void> => {
  for (let n = 0; n < turns; n += 1) {
    await new Promise((done) => {
      setTimeout(done, 0);
    });
  }
};

class Story {
  readonly server = new FakeServer();
  readonly said: { room: string; text: string }[] = [];
  phone: Phone;
  #count = 0;

  constructor(
    readonly storage: Storage,
    readonly fate: () => Fate,
  ) {
    this.phone = new Phone(this.server, storage, fate);
  }

  async restart(): Promise<void> {
    this.phone.kill();
    this.phone = new Phone(this.server, this.storage, this.fate);
    await this.phone.start();
  }

  async take(step: Step): Promise<void> {
    const { server, phone } = this;
    const id = "room" in step ? phone.roomIds()[step.room % Math.max(server.rooms.length, 1)] : undefined;
    const log = id && phone.world.log(id);
    if (step.kind === "new room") server.createRoom();
    else if (step.kind === "befriend") server.befriend();
    else if (step.kind === "reconnect") phone.connect();
    else if (step.kind === "offline") phone.disconnect();
    else if (step.kind === "flush") await phone.keeper.flush();
    else if (step.kind === "killed") await this.restart();
    else if (step.kind === "restart") {
      await phone.keeper.flush();
      await this.restart();
    } else if (step.kind === "hear") server.say(step.room, ANN, `ann ${(this.#count += 1)}`);
    else if (step.kind === "edit") server.edit(step.room, step.which, `edited ${(this.#count += 1)}`);
    else if (step.kind === "remove") server.remove(step.room, step.which);
    else if (step.kind === "react") server.react(step.room, step.which);
    else if (step.kind === "rename") server.rename(step.room, `name ${(this.#count += 1)}`);
    else if (step.kind === "leave") server.leave(step.room);
    else if (step.kind === "come back") server.comeBack(step.room);
    else if (!id || !log || !phone.world.rooms.get(id)) return;
    else if (step.kind === "open") void phone.messages.open(id);
    else if (step.kind === "older") void phone.messages.loadOlder(id).catch(() => {});
    else if (step.kind === "read") phone.signals.read(id, phone.world.rooms.get(id)?.lastSeq ?? 0);
    else if (step.kind === "send") {
      const text = `me ${(this.#count += 1)}`;
      this.said.push({ room: id, text });
      await phone.messages.sendMessage(id, { text });
    }
  }

  /** A good network for long enough: everything comes right by itself. */
  async end(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      this.phone.connect();
      await settle();
      this.phone.device.frame(this.server.heads());
      await settle();
    }
    for (const entry of this.phone.outbox.entries.getSnapshot()) await this.phone.outbox.discard(entry.clientId);
  }
}

async function run(steps: readonly Step[], bad: readonly Fate[]): Promise<Story> {
  globalThis.indexedDB = new IDBFactory();
  const queue = [...bad];
  const story = new Story(await indexedDbStorage(), () => queue.shift() ?? "arrives");
  story.server.createRoom();
  await story.phone.start();
  await settle(2);
  for (const step of steps) {
    await story.take(step);
    await settle(1);
  }
  queue.length = 0;
  await story.end();
  return story;
}

function expectRooms({ server, phone }: Story): void {
  const expected = server.mine().map(toRoom);
  const shown = expected.map(({ id }) => phone.world.rooms.get(id));

  expect(phone.world.rooms.ids().toSorted()).toEqual(expected.map(({ id }) => id).toSorted());
  const facts = (it: (typeof shown)[number]) => it && { id: it.id, name: it.name, lastSeq: it.lastSeq, unread: it.unreadCount, read: it.lastReadSeq, last: it.lastMessage?.text };
  expect(shown.map(facts)).toEqual(expected.map(facts));
}

async function expectMessages({ server, phone }: Story): Promise<void> {
  for (const { id } of server.mine().map(toRoom)) {
    await phone.messages.open(id);
    for (let n = 0; n < 60 && phone.messages.of(id).getSnapshot().hasOlder; n += 1) await phone.messages.loadOlder(id);
    const facts = ({ seq, text, editedAt, deletedAt, reactions }: ReturnType<typeof toMessage>) => ({ seq, text, editedAt, deletedAt, reactions });
    const expected = server.visible(id).map(toMessage);

    expect(phone.messages.of(id).getSnapshot().items.map(facts)).toEqual(expected.map(facts));
  }
}

/** Everything that was sent to a room that I could write to is there once, in order. */
function expectSent({ server, phone, said }: Story): void {
  expect(phone.outbox.entries.getSnapshot()).toEqual([]);
  for (const { id, messages, joinedSeq } of server.rooms) {
    const mine = messages.filter(({ sender_id }) => sender_id === ME).map(({ client_id }) => client_id);
    expect(new Set(mine).size).toBe(mine.length);
    const wasAlwaysIn = joinedSeq === 1;
    if (wasAlwaysIn) expect(mine).toHaveLength(said.filter((it) => it.room === id).length);
  }
}

const requestIds = ({ phone }: Story) => phone.world.friends.incoming.getSnapshot().items.map(({ id }) => id);

describe("a device with a bad network", () => {
  it("reads its lists again when they were lost as it began", async () => {
    const story = await run([{ kind: "befriend" }, { kind: "killed" }], ["is lost", "arrives", "is lost"]);

    expect(requestIds(story)).toEqual(["request-0"]);
    story.phone.kill();
  });

  it("does so also when it dies in between", async () => {
    const steps = [{ kind: "befriend" }, { kind: "killed" }, { kind: "offline" }, { kind: "restart" }] as const;
    const story = await run(steps, ["is lost", "arrives", "is lost", "is lost", "is lost"]);

    expect(requestIds(story)).toEqual(["request-0"]);
    story.phone.kill();
  });

  it("ends in the server's state exactly", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fates, async (steps, bad) => {
        const story = await run(steps, bad);

        expectRooms(story);
        expectSent(story);
        await expectMessages(story);
        expect(requestIds(story)).toEqual(story.server.requests.map(({ id }) => id).toReversed());
        story.phone.kill();
      }),
      { numRuns: Number(process.env.KITH_RUNS ?? 60) },
    );
  });
});
