import "fake-indexeddb/auto";

import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it } from "vitest";

import { ApiError } from "../../src/api/error.js";
import type { ConnectionState } from "../../src/model/connection.js";
import { clientId, roomId } from "../../src/model/ids.js";
import type { ChatMessage } from "../../src/model/message.js";
import { indexedDbStorage } from "../../src/persist/indexeddb.js";
import type { Storage } from "../../src/persist/storage.js";
import { Cell } from "../../src/store/cell.js";
import type { Link } from "../../src/sync/link.js";
import { Outbox } from "../../src/sync/outbox.js";
import { toMessage } from "../../src/wire/chat.js";
import type { Requests } from "../../src/wire/frames.js";
import { ME, wireMessage } from "../support/wire.js";
import { until } from "../support/until.js";

type Send = Requests["send"];

const HERE = roomId("here");
const THERE = roomId("there");

let storage: Storage;
let state: Cell<ConnectionState>;
let asked: { frame: Send["frame"]; answer: (error?: ApiError) => void }[];
let sent: ChatMessage[];
let refused: string[];
let posted: string[];
let count = 0;

const link = (): Link => ({
  state,
  notify: () => {},
  request: ((_name: string, frame: Send["frame"]) =>
    new Promise<Send["answer"]>((resolve, reject) => {
      const message = wireMessage({ ...frame, sender_id: ME, seq: asked.length + 1, reply_to: null });
      asked.push({ frame, answer: (error) => (error ? reject(error) : resolve({ message, duplicate: false })) });
    })) as unknown as Link["request"],
});

function outbox(): Outbox {
  const box = new Outbox({
    storage,
    link: link(),
    post: async (frame) => {
      posted.push(frame.client_id);
      return toMessage(wireMessage({ ...frame, sender_id: ME, seq: 1, reply_to: null }));
    },
    now: () => 1,
    newId: () => clientId(`c${(count += 1)}`),
    onSent: (message) => sent.push(message),
    onRefused: (id) => refused.push(id),
    random: () => 0,
  });
  box.start();
  return box;
}

const refusal = (code: string, retryable: boolean) =>
  new ApiError({ code, status: 0, message: "", errors: [], retryable, retryAfterMs: retryable ? 1 : null, requestId: null });

const texts = () => asked.map(({ frame }) => frame.text);
const asking = (n: number) => until({ subscribe: poll, getSnapshot: () => asked.length }, (length) => length >= n);
const poll = (listener: () => void): (() => void) => {
  const timer = setInterval(listener, 1);
  return () => clearInterval(timer);
};

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  storage = await indexedDbStorage();
  state = new Cell<ConnectionState>({ kind: "live" });
  asked = [];
  sent = [];
  refused = [];
  posted = [];
  count = 0;
});

describe("the outbox", () => {
  it("has a send on disk, under its client_id, before the first try", async () => {
    state.set({ kind: "connecting" });
    const box = outbox();

    const entry = await box.add(HERE, "hello", null);

    expect(await storage.outbox()).toEqual([entry]);
    expect(texts()).toEqual([]);
    state.set({ kind: "live" });
    expect(asked[0]?.frame).toEqual({ room_id: HERE, client_id: entry.clientId, text: "hello" });
  });

  it("sends one after the other in a room, and rooms do not wait for each other", async () => {
    const box = outbox();
    await box.add(HERE, "first", null);
    await box.add(HERE, "second", null);
    await box.add(THERE, "elsewhere", null);
    expect(texts()).toEqual(["first", "elsewhere"]);

    asked[0]?.answer();
    await asking(3);

    expect(texts()).toEqual(["first", "elsewhere", "second"]);
    expect(sent.map(({ text }) => text)).toEqual(["first"]);
  });

  it("forgets what is stored at the server", async () => {
    const box = outbox();
    await box.add(HERE, "hello", null);

    asked[0]?.answer();
    await until(box.entries, (entries) => entries.length === 0);

    await until({ subscribe: poll, getSnapshot: () => 0 }, () => true);
    expect(await storage.outbox()).toEqual([]);
  });

  it("goes around the socket when none can be had, and not before", async () => {
    state.set({ kind: "backing_off", retryAt: 0, attempt: 1 });
    const box = outbox();
    const { clientId: id } = await box.add(HERE, "past the proxy", null);
    expect(posted).toEqual([]);

    state.set({ kind: "connecting" });
    state.set({ kind: "backing_off", retryAt: 0, attempt: 3 });
    await until(box.entries, (entries) => entries.length === 0);

    expect(posted).toEqual([id]);
    expect(texts()).toEqual([]);
    expect(sent.map(({ text }) => text)).toEqual(["past the proxy"]);
  });

  it("repeats with the same client_id when no answer came", async () => {
    const box = outbox();
    await box.add(HERE, "hello", null);
    state.set({ kind: "connecting" });
    asked[0]?.answer(ApiError.network());
    await until(box.entries, ([entry]) => entry?.state.kind === "queued");

    state.set({ kind: "live" });
    await asking(2);

    expect(asked[1]?.frame.client_id).toBe(asked[0]?.frame.client_id);
  });

  it("gives a busy server time, and then tries again", async () => {
    const box = outbox();
    await box.add(HERE, "hello", null);
    asked[0]?.answer(refusal("rate_limited", true));

    await asking(2);

    expect(asked[1]?.frame.client_id).toBe(asked[0]?.frame.client_id);
  });

  it("keeps what was refused until it is retried or discarded, and goes on with the next", async () => {
    const box = outbox();
    await box.add(HERE, "refused", null);
    await box.add(HERE, "next", null);
    asked[0]?.answer(refusal("not_allowed_by_privacy", false));
    await asking(2);
    const failed = box.entries.getSnapshot()[0];
    expect(failed?.state).toEqual({ kind: "failed", code: "not_allowed_by_privacy" });
    expect(refused).toEqual([HERE]);
    expect((await storage.outbox())[0]?.state.kind).toBe("failed");

    asked[1]?.answer();
    await until(box.entries, (entries) => entries.length === 1);
    await box.retry(clientId("c1"));
    expect(texts()).toEqual(["refused", "next", "refused"]);

    asked[2]?.answer(refusal("not_found", false));
    await until(box.entries, ([entry]) => entry?.state.kind === "failed");
    await box.discard(clientId("c1"));
    expect(box.entries.getSnapshot()).toEqual([]);
  });

  it("is settled by the event too, in whichever order it and the answer come", async () => {
    const box = outbox();
    const entry = await box.add(HERE, "hello", null);

    await box.settle(entry.clientId);
    asked[0]?.answer();

    expect(box.entries.getSnapshot()).toEqual([]);
    expect(await storage.outbox()).toEqual([]);
  });

  it("goes on after a restart, in order, with the same ids", async () => {
    const before = outbox();
    await before.add(HERE, "first", null);
    await before.add(HERE, "second", null);
    before.stop();

    const after = outbox();
    await after.restore();
    after.pump();
    asked[1]?.answer();
    await asking(3);

    expect(texts()).toEqual(["first", "first", "second"]);
    expect(asked[1]?.frame.client_id).toBe(asked[0]?.frame.client_id);
  });
});
