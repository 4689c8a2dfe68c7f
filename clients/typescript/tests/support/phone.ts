/** A whole device but for its socket, which is a bad network to a `FakeServer`. */

import { ApiError } from "../../src/api/error.js";
import { toMessage } from "../../src/wire/chat.js";
import type { Source } from "../../src/api/source.js";
import { createMessages } from "../../src/areas/messages.js";
import type { Core } from "../../src/areas/core.js";
import type { ConnectionState } from "../../src/model/connection.js";
import { clientId, roomId, sessionId } from "../../src/model/ids.js";
import { Keeper } from "../../src/persist/keeper.js";
import type { Storage } from "../../src/persist/storage.js";
import { Cell } from "../../src/store/cell.js";
import { Drafts } from "../../src/store/drafts.js";
import { World } from "../../src/store/world.js";
import { Cursors } from "../../src/sync/cursors.js";
import { Device } from "../../src/sync/device.js";
import type { Link } from "../../src/sync/link.js";
import { Outbox } from "../../src/sync/outbox.js";
import { Signals } from "../../src/sync/signals.js";
import type { Requests, ServerFrame } from "../../src/wire/frames.js";
import { toMe } from "../../src/wire/people.js";
import type { FakeServer } from "./fakeServer.js";
import { ME, SESSION, wireMe } from "./wire.js";

export type Fate = "arrives" | "is lost" | "arrives twice" | "comes late";

let ids = 0;

export class Phone {
  readonly world = new World(toMe(wireMe()));
  readonly state = new Cell<ConnectionState>({ kind: "connecting" });
  readonly keeper: Keeper;
  readonly device: Device;
  readonly outbox: Outbox;
  readonly signals: Signals;
  readonly messages: ReturnType<typeof createMessages>;
  readonly #server: FakeServer;
  /** What happens to the next thing on the wire. */
  readonly #fate: () => Fate;
  #late: ServerFrame[] = [];
  #isDead = false;

  constructor(server: FakeServer, storage: Storage, fate: () => Fate) {
    this.#server = server;
    this.#fate = fate;
    const cursors = new Cursors();
    // The disk of a dead process does not change any more.
    const disk: Storage = { ...storage, write: async (batch) => (this.#isDead ? new Map() : storage.write(batch)) };
    this.keeper = new Keeper(disk, this.world, cursors);
    const link = this.#link();
    const source = this.#source();
    this.outbox = new Outbox({
      storage,
      link,
      post: async (frame) => toMessage((await link.request("send", frame)).message),
      now: () => 0,
      newId: () => clientId(`c${(ids += 1)}`),
      onSent: (message) => this.keeper.keep(message),
      onRefused: (id) => this.device.wasRefused(id),
      random: () => 0,
    });
    this.device = new Device({
      world: this.world,
      cursors,
      keeper: this.keeper,
      source,
      link,
      sessionId: sessionId(SESSION),
      settle: (id) => void this.outbox.settle(id),
      onSessionEnded: () => {},
      onArrival: () => {},
      onAccepted: () => {},
    });
    this.signals = new Signals(this.world, link, this.keeper.reads);
    const core = { world: this.world, source, device: this.device, link, keeper: this.keeper, outbox: this.outbox } as unknown as Core;
    this.messages = createMessages(core, this.signals, new Drafts(storage), new Set());
  }

  async start(): Promise<void> {
    await this.keeper.restore();
    await this.keeper.lead();
    await this.outbox.restore();
    this.outbox.start();
    this.connect();
  }

  connect(): void {
    this.disconnect();
    const resume = this.device.resume();
    this.#server.push = (frame) => this.#receive(frame);
    const frames = this.#server.connect(resume);
    this.state.set({ kind: resume ? "resuming" : "live" });
    for (const frame of frames) if (!this.#isDead) this.device.frame(frame, resume !== null);
    this.state.set({ kind: "live" });
  }

  disconnect(): void {
    this.#late = [];
    this.#server.push = () => {};
    this.state.set({ kind: "connecting" });
  }

  /** As a process that is killed: what is not on disk is gone. */
  kill(): void {
    this.#isDead = true;
    this.disconnect();
    this.outbox.stop();
    this.signals.stop();
  }

  #receive(frame: ServerFrame): void {
    const fate = this.#fate();
    const due = fate === "is lost" ? [] : fate === "arrives twice" ? [frame, frame] : [frame];
    if (fate === "comes late") {
      this.#late.push(frame);
      return;
    }
    for (const next of [...due, ...this.#late.splice(0)]) this.device.frame(next);
  }

  /** A call that gets lost, or whose answer does. */
  async #over<T>(call: () => Promise<T> | T): Promise<T> {
    await Promise.resolve();
    const fate = this.#fate();
    if (this.#isDead || fate === "is lost") throw ApiError.network();
    const answer = await call();
    if (this.#isDead || fate === "comes late") throw ApiError.network();
    return answer;
  }

  #source(): Source {
    const source = this.#server.source();
    const calls = Object.entries(source).map(([name, call]) => [name, (...args: never[]) => this.#over(() => (call as (...args: never[]) => Promise<unknown>)(...args))]);
    return Object.fromEntries(calls) as Source;
  }

  #link(): Link {
    return {
      state: this.state,
      notify: () => {},
      request: ((name: string, frame: never) => {
        if (this.state.getSnapshot().kind === "connecting") return Promise.reject(ApiError.network());
        return this.#over(() => this.#answer(name, frame));
      }) as Link["request"],
    };
  }

  #answer(name: string, frame: never): unknown {
    if (name === "fetch") {
      const { room_id, after, limit } = frame as Requests["fetch"]["frame"];
      return this.#server.fetch(room_id, after, limit ?? 100);
    }
    const index = this.#server.rooms.findIndex(({ id }) => id === (frame as { room_id: string }).room_id);
    if (name === "read") return this.#server.read(index, (frame as Requests["read"]["frame"]).seq);
    const { text, client_id } = frame as Requests["send"]["frame"];
    const message = this.#server.say(index, ME, text, client_id);
    if (message) return { message: structuredClone(message), duplicate: false };
    throw new ApiError({ code: "not_found", status: 404, message: "", errors: [], retryable: false, retryAfterMs: null, requestId: null });
  }

  roomIds() {
    return this.#server.rooms.map(({ id }) => roomId(id));
  }
}
