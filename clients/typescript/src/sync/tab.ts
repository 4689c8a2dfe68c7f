/** This tab's part among all: follows until it gets the lead, then owns the socket and the outbox. */

import type { Auth } from "../api/auth.js";
import { ApiError, type Problem } from "../api/error.js";
import type { ClientId, MessageId, RoomId } from "../model/ids.js";
import type { PendingMessage } from "../model/message.js";
import type { Keeper } from "../persist/keeper.js";
import type { ServerFrame } from "../wire/frames.js";
import { Connection } from "./connection.js";
import type { Device } from "./device.js";
import { Lead } from "./lead.js";
import type { Outbox } from "./outbox.js";
import type { Channel, FollowerLink, SwitchedLink, TabMessage } from "./tabs.js";
import type { Watching } from "./watching.js";

export interface TabOptions {
  readonly auth: Auth;
  readonly keeper: Keeper;
  readonly outbox: Outbox;
  readonly watching: Watching;
  readonly device: Device;
  readonly link: SwitchedLink;
  readonly follower: FollowerLink;
  readonly channel: Channel;
  readonly socketUrl: string;
  readonly WebSocket: typeof WebSocket;
  readonly platform: string;
  readonly onEnd: (reason: "session_ended" | "account_disabled" | null) => void;
}

/** A leading tab answers within this time, or its system has stopped it and another one takes over. */
const LEADER_ANSWERS_MS = 5_000;

/** What concerns all tabs; the rest is between the leading one and the server. */
const SHARED: ReadonlySet<ServerFrame["t"]> = new Set(["event", "user", "receipt", "typing", "presence", "heads"]);

const OF_THE_LEADER: ReadonlySet<TabMessage["k"]> = new Set(["frame", "state", "outbox", "answer", "refusal"]);

export class Tab {
  readonly #options: TabOptions;
  readonly #id = crypto.randomUUID();
  readonly #lead: Lead;
  #connection: Connection | null = null;
  #isOver = false;
  /** Counts takeovers and losses: one that began before the last of them is void. */
  #turn = 0;
  #patience: ReturnType<typeof setTimeout> | undefined;
  readonly #wake = (): void => {
    if (globalThis.document?.visibilityState === "hidden") return;
    if (this.#connection) this.#connection.wake();
    else this.#greet();
  };

  constructor(options: TabOptions) {
    this.#options = options;
    this.#lead = new Lead(`kith ${options.channel.name}`, {
      onWait: () => this.#follow(),
      onLead: () => void this.#takeOver(),
      onLost: () => this.#stepDown(),
    });
  }

  get leads(): boolean {
    return this.#connection !== null;
  }

  start(): void {
    const { channel, auth, watching } = this.#options;
    channel.onMessage = (message) => this.#hear(message);
    auth.onToken = (access) => channel.post({ k: "token", ...access });
    globalThis.addEventListener?.("pagehide", this.#leave);
    for (const signal of ["online", "focus", "pageshow"]) globalThis.addEventListener?.(signal, this.#wake);
    globalThis.document?.addEventListener("visibilitychange", this.#wake);
    watching.tell = this.#tellWatched;
    this.#lead.stand();
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#patience);
    this.#connection?.stop();
    this.#leave();
    this.#lead.stop();
    for (const signal of ["online", "focus", "pageshow"]) globalThis.removeEventListener?.(signal, this.#wake);
    globalThis.document?.removeEventListener("visibilitychange", this.#wake);
    globalThis.removeEventListener?.("pagehide", this.#leave);
  }

  /** Sending from a tab that follows: on disk first, then the leading one is told. */
  readonly outbox = {
    add: async (roomId: RoomId, text: string, replyTo: MessageId | null): Promise<PendingMessage> => {
      const entry = await this.#options.outbox.add(roomId, text, replyTo);
      if (!this.leads) this.#options.channel.post({ k: "queued", entry });
      return entry;
    },
    retry: (clientId: ClientId) => this.#onEntry("retry", clientId),
    discard: (clientId: ClientId) => this.#onEntry("discard", clientId),
  };

  async #onEntry(what: "retry" | "discard", clientId: ClientId): Promise<void> {
    await this.#options.outbox[what](clientId);
    if (!this.leads) this.#options.channel.post({ k: what, clientId });
  }

  readonly #tellWatched = (userIds: readonly string[]): void => this.#options.channel.post({ k: "watch", tab: this.#id, userIds });

  #follow(): void {
    const { keeper, follower } = this.#options;
    keeper.follow(() => follower.flush());
    // What this tab lacks it gets when it hears that the leading one is live.
    follower.state.set({ kind: "connecting" });
    this.#greet();
  }

  /** Asks the leading tab how things stand. Anything that only it can say is an answer. */
  #greet(): void {
    this.#options.channel.post({ k: "hello" });
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined;
      this.#lead.seize();
    }, LEADER_ANSWERS_MS);
  }

  /** Another tab took the lead while this one was stopped. What it knew may be old. */
  #stepDown(): void {
    const { link, follower, outbox, watching } = this.#options;
    const connection = this.#connection;
    this.#turn += 1;
    this.#connection = null;
    link.use(follower);
    outbox.stop();
    connection?.stop();
    watching.tell = this.#tellWatched;
    watching.onPresence = () => {};
    this.#lead.stand();
  }

  async #takeOver(): Promise<void> {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    const { auth, keeper, outbox, watching, device, link, follower, channel } = this.#options;
    this.#turn += 1;
    const turn = this.#turn;
    await keeper.lead();
    await outbox.restore();
    if (this.#isOver || turn !== this.#turn) return;
    const connection = new Connection({
      url: this.#options.socketUrl,
      WebSocket: this.#options.WebSocket,
      token: () => auth.token(),
      refresh: () => auth.renew(),
      expiresAt: () => auth.expiresAt,
      cursors: () => device.resume(),
      client: { name: "@kith/client", version: "0.1.0", platform: this.#options.platform },
      onFrame: (frame, hasResumed) => {
        device.frame(frame, hasResumed);
        if (SHARED.has(frame.t)) channel.post({ k: "frame", frame });
      },
    });
    this.#connection = connection;
    follower.fail();
    watching.tell = null;
    watching.onPresence = (frame) => channel.post({ k: "frame", frame });
    connection.state.subscribe(() => this.#connectionChanged(connection));
    outbox.entries.subscribe(() => this.#connection === connection && channel.post({ k: "outbox", entries: outbox.entries.getSnapshot() }));
    link.use(connection);
    outbox.start();
    connection.start();
  }

  #connectionChanged(connection: Connection): void {
    if (this.#connection !== connection) return;
    const state = connection.state.getSnapshot();
    this.#options.channel.post({ k: "state", state });
    if (state.kind !== "stopped") return;
    if (state.reason === "signed_out") this.#options.onEnd("session_ended");
    if (state.reason === "account_disabled") this.#options.onEnd("account_disabled");
  }

  #hear(message: TabMessage): void {
    const { auth, outbox, device, follower } = this.#options;
    if (OF_THE_LEADER.has(message.k)) {
      clearTimeout(this.#patience);
      this.#patience = undefined;
    }
    if (message.k === "token") auth.share(message);
    else if (message.k === "ended") this.#options.onEnd(message.reason);
    else if (this.leads) void this.#serve(message);
    else if (follower.take(message)) return;
    else if (message.k === "frame") device.frame(message.frame);
    else if (message.k === "state") this.#followState(message.state);
    else if (message.k === "outbox") outbox.mirror(message.entries);
  }

  #followState(state: Extract<TabMessage, { k: "state" }>["state"]): void {
    const { follower, device } = this.#options;
    const wasLive = follower.state.getSnapshot().kind === "live";
    follower.state.set(state);
    // The leading tab starts over without telling the others what it got.
    if (state.kind === "live" && !wasLive) void device.catchUp().catch(() => {});
  }

  /** Does for another tab what only this one can. */
  async #serve(message: TabMessage): Promise<void> {
    const { channel, outbox, keeper, link, watching } = this.#options;
    switch (message.k) {
      case "hello":
        channel.post({ k: "state", state: link.state.getSnapshot() });
        channel.post({ k: "outbox", entries: outbox.entries.getSnapshot() });
        return;
      case "ask":
        return this.#answer(message.id, () => link.request(message.name, message.frame as never));
      case "flush":
        return this.#answer(message.id, () => keeper.settle());
      case "notice":
        return link.notify(message.notice);
      case "queued":
        return outbox.adopt(message.entry);
      case "retry":
      case "discard":
        return outbox[message.k](message.clientId);
      case "watch":
        return watching.setOther(message.tab, message.userIds);
      default:
    }
  }

  async #answer(to: string, work: () => Promise<unknown>): Promise<void> {
    try {
      this.#options.channel.post({ k: "answer", to, d: await work() });
    } catch (error) {
      this.#options.channel.post({ k: "refusal", to, problem: plain(error) });
    }
  }

  readonly #leave = (): void => {
    if (!this.leads) this.#options.channel.post({ k: "watch", tab: this.#id, userIds: [] });
  };
}

/** An error cannot cross to another tab, but what it says can. */
function plain(error: unknown): Problem {
  const { code, status, message, errors, retryable, retryAfterMs, requestId } = error instanceof ApiError ? error : ApiError.network(error);
  return { code, status, message, errors, retryable, retryAfterMs, requestId };
}
