/**
 * The socket's state machine: connects, presents the token and the cursors, watches that the server lives, renews the
 * token in time, and comes back after every end that is not final. It judges no content: frames go to `onFrame`.
 */

import { ApiError } from "../api/error.js";
import type { ConnectionState, StopReason } from "../model/connection.js";
import { Cell } from "../store/cell.js";
import { type Notice, type ReadyFrame, type RequestName, type Requests, type Resume, type ServerFrame, parseFrame } from "../wire/frames.js";
import { backoffMs } from "./backoff.js";
import { afterClose } from "./close.js";
import type { Link } from "./link.js";
import { RequestTable } from "./requests.js";

export interface ConnectionOptions {
  readonly url: string;
  readonly WebSocket: typeof WebSocket;
  readonly token: () => Promise<string>;
  /** Gets another token than the one that did not hold. */
  readonly refresh: () => Promise<void>;
  readonly expiresAt: () => number | null;
  readonly cursors: () => Resume | null;
  /** `hasResumed` goes with `ready`: whether the server was told what this device has. */
  readonly onFrame: (frame: ServerFrame, hasResumed: boolean) => void;
  readonly client: { readonly name: string; readonly version: string; readonly platform: string };
  readonly now?: () => number;
  readonly random?: () => number;
}

/** From the first byte to `ready`. */
const CONNECT_MS = 15_000;
/** `heads` comes this much late at most. */
const SILENCE_MARGIN_MS = 10_000;
/** After waking up the server has this long to show that it is there. */
const PING_MS = 5_000;
/** A connection that lasted this long was a good one. */
const GOOD_AFTER_MS = 30_000;
const REAUTH_BEFORE_MS = 60_000;
/** Timers above this overflow and fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

const AUTH_FAILED = 4501;

type Timer = ReturnType<typeof setTimeout>;

export class Connection implements Link {
  readonly #options: ConnectionOptions;
  readonly #state = new Cell<ConnectionState>({ kind: "idle" });
  readonly #requests = new RequestTable((frame) => this.#write(frame));
  #socket: WebSocket | null = null;
  #attempt = 0;
  #readyAt = 0;
  #heartbeatMs = 25_000;
  #hasResumed = false;
  /** Refreshed since the last `ready`: a token that still does not hold is final. */
  #hasRefreshed = false;
  #connectTimer: Timer | undefined;
  #silenceTimer: Timer | undefined;
  #retryTimer: Timer | undefined;
  #reauthTimer: Timer | undefined;
  #drainTimer: Timer | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get state(): Cell<ConnectionState> {
    return this.#state;
  }

  start(): void {
    if (this.#state.getSnapshot().kind === "idle") void this.#connect();
  }

  /** Ends for good. */
  stop(reason: StopReason = "closed"): void {
    this.#drop(1000);
    clearTimeout(this.#retryTimer);
    this.#state.set({ kind: "stopped", reason });
    this.#requests.fail();
  }

  /** The network or the person came back: try at once, or find out whether the connection still is one. */
  wake(): void {
    const { kind } = this.#state.getSnapshot();
    if (kind === "backing_off") {
      clearTimeout(this.#retryTimer);
      void this.#connect();
    } else if (kind === "live" || kind === "resuming") {
      this.#expectWithin(PING_MS);
      this.request("ping", {}).catch(() => {});
    }
  }

  async request<N extends RequestName>(name: N, frame: Requests[N]["frame"]): Promise<Requests[N]["answer"]> {
    if (!this.#isUp()) throw ApiError.network();
    return (await this.#requests.ask({ t: name, ...frame })) as Requests[N]["answer"];
  }

  notify(notice: Notice): void {
    if (this.#isUp()) this.#write(notice);
  }

  #isUp(): boolean {
    const { kind } = this.#state.getSnapshot();
    return kind === "live" || kind === "resuming";
  }

  #write(frame: object): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(frame));
  }

  async #connect(): Promise<void> {
    this.#state.set({ kind: "connecting" });
    let token: string;
    try {
      token = await this.#options.token();
    } catch (error) {
      this.#afterTokenFailure(error);
      return;
    }
    // Stopped, or woken and connected by another call, meanwhile.
    if (this.#state.getSnapshot().kind !== "connecting" || this.#socket) return;
    const socket = new this.#options.WebSocket(this.#options.url, "kith.v1");
    this.#socket = socket;
    this.#connectTimer = setTimeout(() => this.#lost(socket, 1006), CONNECT_MS);
    socket.addEventListener("open", () => this.#hello(socket, token));
    socket.addEventListener("message", ({ data }) => this.#receive(socket, data));
    socket.addEventListener("close", ({ code }) => this.#lost(socket, code));
    // A close follows every error and says more; but an error that nobody listens to ends a Node process.
    socket.addEventListener("error", () => {});
  }

  #hello(socket: WebSocket, token: string): void {
    if (socket !== this.#socket) return;
    const resume = this.#options.cursors();
    this.#hasResumed = resume !== null;
    this.#state.set({ kind: "authenticating" });
    this.#write({ t: "hello", token, client: this.#options.client, ...(resume && { resume }) });
  }

  #receive(socket: WebSocket, data: unknown): void {
    if (socket !== this.#socket || typeof data !== "string") return;
    const frame = parseFrame(data);
    if (this.#isUp()) this.#expectWithin(this.#heartbeatMs + SILENCE_MARGIN_MS);
    if (!frame) return;
    if (frame.t === "ready") this.#ready(frame);
    else if (frame.t === "drain") this.#drain(socket, frame.resume_after_ms);
    else if (frame.t === "resumed") this.#state.set({ kind: "live" });
    else if ((frame.t === "ok" || frame.t === "err") && this.#requests.answer(frame)) return;
    else if (frame.t === "err" && frame.code === "cursor_invalid") this.#state.set({ kind: "live" });
    this.#options.onFrame(frame, this.#hasResumed);
  }

  #ready(frame: ReadyFrame): void {
    clearTimeout(this.#connectTimer);
    this.#readyAt = this.#now();
    this.#heartbeatMs = frame.heartbeat_ms;
    this.#hasRefreshed = false;
    this.#expectWithin(this.#heartbeatMs + SILENCE_MARGIN_MS);
    this.#scheduleReauth();
    this.#state.set({ kind: this.#hasResumed ? "resuming" : "live" });
  }

  /** The node leaves: this device goes when it is told to, so that not all go at once. */
  #drain(socket: WebSocket, afterMs: number): void {
    this.#drainTimer = setTimeout(() => this.#lost(socket, 1001), afterMs);
  }

  #expectWithin(ms: number): void {
    clearTimeout(this.#silenceTimer);
    const socket = this.#socket;
    this.#silenceTimer = setTimeout(() => socket && this.#lost(socket, 1006), ms);
  }

  #scheduleReauth(): void {
    clearTimeout(this.#reauthTimer);
    const expiresAt = this.#options.expiresAt();
    if (expiresAt === null) return;
    const delay = Math.max(expiresAt - this.#now() - REAUTH_BEFORE_MS, 1_000);
    this.#reauthTimer = setTimeout(() => void this.#reauth(), Math.min(delay, MAX_TIMER_MS));
  }

  async #reauth(): Promise<void> {
    try {
      await this.#options.refresh();
      await this.request("reauth", { token: await this.#options.token() });
      this.#scheduleReauth();
    } catch (error) {
      // Without a new token the server closes with 4002 in time; only a lost session ends it now.
      if (error instanceof ApiError && error.code === "signed_out") this.stop("signed_out");
    }
  }

  #drop(code: number): void {
    const socket = this.#socket;
    this.#socket = null;
    for (const timer of [this.#connectTimer, this.#silenceTimer, this.#reauthTimer, this.#drainTimer]) clearTimeout(timer);
    // Browsers let a script send 1000 and private codes only.
    if (socket && socket.readyState < 2) socket.close(code === 1000 ? 1000 : undefined);
  }

  /** The one way out of a connection, whoever ended it. Later news of the same socket is ignored. */
  #lost(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return;
    if (this.#isUp() && this.#now() - this.#readyAt >= GOOD_AFTER_MS) this.#attempt = 0;
    this.#drop(code);
    const after = afterClose(code);
    if (after.kind === "stop") this.#state.set({ kind: "stopped", reason: after.reason });
    else if (after.kind === "refresh") void this.#refreshThenRetry(code);
    else this.#retry();
    this.#requests.fail();
  }

  async #refreshThenRetry(code: number): Promise<void> {
    if (this.#hasRefreshed && code === AUTH_FAILED) {
      this.#state.set({ kind: "stopped", reason: "signed_out" });
      return;
    }
    this.#hasRefreshed = true;
    this.#state.set({ kind: "connecting" });
    try {
      await this.#options.refresh();
      if (this.#state.getSnapshot().kind === "connecting") this.#retry();
    } catch (error) {
      this.#afterTokenFailure(error);
    }
  }

  #afterTokenFailure(error: unknown): void {
    if (this.#state.getSnapshot().kind !== "connecting") return;
    if (error instanceof ApiError && error.code === "signed_out") this.#state.set({ kind: "stopped", reason: "signed_out" });
    else this.#retry();
  }

  #retry(): void {
    clearTimeout(this.#retryTimer);
    const delay = backoffMs(this.#attempt, (this.#options.random ?? Math.random)());
    this.#attempt += 1;
    this.#state.set({ kind: "backing_off", retryAt: this.#now() + delay, attempt: this.#attempt });
    this.#retryTimer = setTimeout(() => void this.#connect(), delay);
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}
