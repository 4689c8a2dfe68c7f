/**
 * Several tabs of one person: the one that holds a lock owns the socket and the outbox, the others hear its frames over
 * a channel and let it ask for them. When it goes, the next one in line takes over.
 */

import { ApiError, type Problem } from "../api/error.js";
import type { ConnectionState } from "../model/connection.js";
import type { ClientId } from "../model/ids.js";
import type { PendingMessage } from "../model/message.js";
import { Cell } from "../store/cell.js";
import type { Notice, RequestName, Requests, ServerFrame } from "../wire/frames.js";
import type { Link } from "./link.js";

/** What tabs say to one another. */
export type TabMessage =
  | { readonly k: "frame"; readonly frame: ServerFrame }
  | { readonly k: "state"; readonly state: ConnectionState }
  | { readonly k: "outbox"; readonly entries: readonly PendingMessage[] }
  | { readonly k: "answer"; readonly to: string; readonly d: unknown }
  | { readonly k: "refusal"; readonly to: string; readonly problem: Problem }
  | { readonly k: "token"; readonly token: string; readonly expiresAt: number }
  | { readonly k: "ended"; readonly reason: "session_ended" | "account_disabled" | null }
  | { readonly k: "hello" }
  | { readonly k: "ask"; readonly id: string; readonly name: RequestName; readonly frame: object }
  | { readonly k: "flush"; readonly id: string }
  | { readonly k: "notice"; readonly notice: Notice }
  | { readonly k: "queued"; readonly entry: PendingMessage }
  | { readonly k: "retry" | "discard"; readonly clientId: ClientId }
  | { readonly k: "watch"; readonly tab: string; readonly userIds: readonly string[] };

export interface Channel {
  readonly name: string;
  post(message: TabMessage): void;
  onMessage: (message: TabMessage) => void;
  close(): void;
}

/** A channel to the other tabs; where there are none it leads nowhere. */
export function openChannel(name: string): Channel {
  if (typeof BroadcastChannel === "undefined" || !globalThis.navigator?.locks) {
    return { name, post: () => {}, onMessage: () => {}, close: () => {} };
  }
  const broadcast = new BroadcastChannel(name);
  const channel: Channel = {
    name,
    post: (message) => broadcast.postMessage(message),
    onMessage: () => {},
    close: () => broadcast.close(),
  };
  broadcast.addEventListener("message", ({ data }) => channel.onMessage(data as TabMessage));
  return channel;
}

/** A leading tab answers, or is gone. */
const ANSWER_MS = 25_000;

/** The link of a tab that follows. */
export class FollowerLink implements Link {
  readonly state = new Cell<ConnectionState>({ kind: "connecting" });
  readonly #channel: Channel;
  readonly #waiting = new Map<string, { resolve: (d: unknown) => void; reject: (error: ApiError) => void }>();
  readonly #newId: () => string;

  constructor(channel: Channel, newId: () => string) {
    this.#channel = channel;
    this.#newId = newId;
  }

  async request<N extends RequestName>(name: N, frame: Requests[N]["frame"]): Promise<Requests[N]["answer"]> {
    return (await this.#ask((id) => ({ k: "ask", id, name, frame }))) as Requests[N]["answer"];
  }

  /** Waits until the leading tab has written everything that it heard so far. */
  async flush(): Promise<void> {
    await this.#ask((id) => ({ k: "flush", id }));
  }

  notify(notice: Notice): void {
    this.#channel.post({ k: "notice", notice });
  }

  /** True when the message was an answer to this tab. */
  take(message: TabMessage): boolean {
    if (message.k !== "answer" && message.k !== "refusal") return false;
    const waiting = this.#waiting.get(message.to);
    this.#waiting.delete(message.to);
    if (message.k === "answer") waiting?.resolve(message.d);
    else waiting?.reject(new ApiError(message.problem));
    return true;
  }

  /** There is another leader, or none: nothing asked so far will be answered. */
  fail(): void {
    for (const { reject } of this.#waiting.values()) reject(ApiError.network());
    this.#waiting.clear();
  }

  #ask(message: (id: string) => TabMessage): Promise<unknown> {
    const id = this.#newId();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(ApiError.network());
      }, ANSWER_MS);
      const done = <T extends unknown[]>(then: (...values: T) => void) => (...values: T) => {
        clearTimeout(timer);
        then(...values);
      };
      this.#waiting.set(id, { resolve: done(resolve), reject: done(reject) });
      this.#channel.post(message(id));
    });
  }
}

/** What a tab needs of the leading one, whichever tab that is at the moment. */
export class SwitchedLink implements Link {
  readonly state: Cell<ConnectionState>;
  #link: Link;
  #unwatch: () => void = () => {};

  constructor(link: Link) {
    this.#link = link;
    this.state = new Cell(link.state.getSnapshot());
    this.use(link);
  }

  use(link: Link): void {
    this.#unwatch();
    this.#link = link;
    this.#unwatch = link.state.subscribe(() => this.state.set(link.state.getSnapshot()));
    this.state.set(link.state.getSnapshot());
  }

  request<N extends RequestName>(name: N, frame: Requests[N]["frame"]): Promise<Requests[N]["answer"]> {
    return this.#link.request(name, frame);
  }

  notify(notice: Notice): void {
    this.#link.notify(notice);
  }
}
