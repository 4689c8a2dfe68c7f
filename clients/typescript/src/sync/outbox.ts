/**
 * Sends that the server has not confirmed. Each is on disk, with its `client_id`, before the first try; each room's go
 * out one after the other; each is repeated until it is stored or refused for good. Only the leading tab sends.
 */

import { ApiError } from "../api/error.js";
import type { ClientId, MessageId, RoomId, Timestamp } from "../model/ids.js";
import type { ChatMessage, PendingMessage, PendingState } from "../model/message.js";
import type { Storage } from "../persist/storage.js";
import { Cell } from "../store/cell.js";
import { toMessage } from "../wire/chat.js";
import type { Requests } from "../wire/frames.js";
import { backoffMs } from "./backoff.js";
import type { Link } from "./link.js";

export interface OutboxOptions {
  readonly storage: Pick<Storage, "outbox" | "putPending" | "deletePending">;
  readonly link: Link;
  /** The way around the socket, for networks that let none through. */
  readonly post: (send: Requests["send"]["frame"]) => Promise<ChatMessage>;
  readonly now: () => Timestamp;
  readonly newId: () => ClientId;
  readonly onSent: (message: ChatMessage) => void;
  /** The server will not have something sent there. */
  readonly onRefused: (roomId: RoomId) => void;
  readonly random?: () => number;
}

/** So many tries for a socket may fail before sends go around it. */
const SOCKET_TRIES = 3;

export class Outbox {
  readonly entries = new Cell<readonly PendingMessage[]>([]);
  readonly #options: OutboxOptions;
  /** Rooms with a send under way, or waiting before the next try. */
  readonly #busy = new Map<RoomId, ReturnType<typeof setTimeout> | null>();
  readonly #attempts = new Map<ClientId, number>();
  readonly #unstored = new Set<ClientId>();
  /** Of a following tab: what the leading one has not shown yet. */
  readonly #unheard = new Set<ClientId>();
  #isSending = false;
  #unwatch: () => void = () => {};

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** What an earlier process left; unknown fates are tried again. */
  async restore(): Promise<void> {
    const stored = await this.#options.storage.outbox();
    const here = new Set(this.entries.getSnapshot().map(({ clientId }) => clientId));
    const left = stored.filter(({ clientId }) => !here.has(clientId));
    const again = left.map((it) => (it.state.kind === "sending" ? inState(it, { kind: "queued" }) : it));
    this.entries.update((entries) => [...again, ...entries].toSorted((a, b) => a.createdAt - b.createdAt));
  }

  /** From now on this tab sends. */
  start(): void {
    this.#isSending = true;
    this.#unwatch = this.#options.link.state.subscribe(() => this.#connectionChanged());
    this.#connectionChanged();
  }

  stop(): void {
    this.#isSending = false;
    this.#unwatch();
    for (const timer of this.#busy.values()) if (timer) clearTimeout(timer);
    this.#busy.clear();
  }

  /** Resolves when the send is on disk. */
  async add(roomId: RoomId, text: string, replyTo: MessageId | null): Promise<PendingMessage> {
    const { now, newId, storage } = this.#options;
    // Later ones sort later, also within a millisecond and after the clock was set back.
    const last = this.entries.getSnapshot().at(-1)?.createdAt ?? 0;
    const createdAt = Math.max(now(), last + 1);
    const entry: PendingMessage = { clientId: newId(), roomId, text, replyTo, createdAt, state: { kind: "queued" } };
    // Shown at once; sent when it is stored.
    this.entries.update((entries) => [...entries, inState(entry, { kind: "queued" })]);
    this.#unstored.add(entry.clientId);
    if (!this.#isSending) this.#unheard.add(entry.clientId);
    try {
      await storage.putPending(entry);
    } finally {
      this.#unstored.delete(entry.clientId);
    }
    this.pump();
    return entry;
  }

  /** Takes in what another tab has stored. */
  adopt(entry: PendingMessage): void {
    if (!this.#find(entry.clientId)) this.entries.update((entries) => [...entries, entry]);
    this.pump();
  }

  /** What the leading tab has; what it has not heard of yet stays. */
  mirror(entries: readonly PendingMessage[]): void {
    const theirs = new Set(entries.map(({ clientId }) => clientId));
    for (const clientId of theirs) this.#unheard.delete(clientId);
    const mine = this.entries.getSnapshot().filter(({ clientId }) => !theirs.has(clientId) && this.#unheard.has(clientId));
    this.entries.set([...entries, ...mine]);
  }

  async retry(clientId: ClientId): Promise<void> {
    const entry = this.#find(clientId);
    if (entry?.state.kind !== "failed") return;
    await this.#move(entry, { kind: "queued" });
    this.pump();
  }

  async discard(clientId: ClientId): Promise<void> {
    if (this.#find(clientId)?.state.kind === "failed") await this.settle(clientId);
  }

  /** It has arrived, whichever way that became known. */
  async settle(clientId: ClientId): Promise<void> {
    this.#attempts.delete(clientId);
    this.#unheard.delete(clientId);
    if (!this.#find(clientId)) return;
    this.entries.update((entries) => entries.filter((entry) => entry.clientId !== clientId));
    await this.#options.storage.deletePending(clientId);
  }

  /** Sends what is next in each room that is not busy. */
  pump(): void {
    if (!this.#isSending || !this.#way()) return;
    const seen = new Set<RoomId>();
    for (const entry of this.entries.getSnapshot()) {
      if (seen.has(entry.roomId) || entry.state.kind === "failed") continue;
      seen.add(entry.roomId);
      if (!this.#busy.has(entry.roomId) && !this.#unstored.has(entry.clientId)) void this.#send(entry);
    }
  }

  async #send(entry: PendingMessage): Promise<void> {
    const { roomId, clientId, text, replyTo } = entry;
    this.#busy.set(roomId, null);
    this.#show(entry, { kind: "sending" });
    try {
      const frame = { room_id: roomId, client_id: clientId, text, ...(replyTo && { reply_to: replyTo }) };
      this.#options.onSent(await this.#deliver(frame));
      await this.settle(clientId);
      this.#free(roomId);
    } catch (error) {
      await this.#afterFailure(entry, error);
    }
  }

  async #deliver(frame: Requests["send"]["frame"]): Promise<ChatMessage> {
    const { link, post } = this.#options;
    return this.#way() === "rest" ? post(frame) : toMessage((await link.request("send", frame)).message);
  }

  async #afterFailure(entry: PendingMessage, error: unknown): Promise<void> {
    const failure = error instanceof ApiError ? error : ApiError.network(error);
    if (!failure.retryable) {
      await this.#move(entry, { kind: "failed", code: failure.code });
      this.#free(entry.roomId);
      this.#options.onRefused(entry.roomId);
      return;
    }
    this.#show(entry, { kind: "queued" });
    // Without a connection the next one tries again; while there is one, a busy server is given time.
    const attempt = this.#attempts.get(entry.clientId) ?? 0;
    this.#attempts.set(entry.clientId, attempt + 1);
    const wait = failure.retryAfterMs ?? backoffMs(attempt, (this.#options.random ?? Math.random)());
    this.#busy.set(
      entry.roomId,
      setTimeout(() => this.#free(entry.roomId), wait),
    );
  }

  #free(roomId: RoomId): void {
    this.#busy.delete(roomId);
    this.pump();
  }

  #connectionChanged(): void {
    if (this.#way() === "rest") this.pump();
    if (this.#way() !== "socket") return;
    for (const [roomId, timer] of this.#busy) {
      if (timer === null) continue;
      clearTimeout(timer);
      this.#busy.delete(roomId);
    }
    this.pump();
  }

  /** How a send would go out now, if at all. */
  #way(): "socket" | "rest" | null {
    const state = this.#options.link.state.getSnapshot();
    if (state.kind === "live" || state.kind === "resuming") return "socket";
    return state.kind === "backing_off" && state.attempt >= SOCKET_TRIES ? "rest" : null;
  }

  #find(clientId: ClientId): PendingMessage | undefined {
    return this.entries.getSnapshot().find((entry) => entry.clientId === clientId);
  }

  #show(entry: PendingMessage, state: PendingState): void {
    this.entries.update((entries) => entries.map((it) => (it.clientId === entry.clientId ? inState(it, state) : it)));
  }

  /** A state that must survive. */
  async #move(entry: PendingMessage, state: PendingState): Promise<void> {
    this.#show(entry, state);
    if (this.#find(entry.clientId)) await this.#options.storage.putPending(inState(entry, state));
  }
}

const inState = (entry: PendingMessage, state: PendingState): PendingMessage => ({ ...entry, state });
