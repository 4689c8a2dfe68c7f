/** Requests on their way: matches answers by `ref` and keeps below the number that the server allows. */

import { ApiError } from "../api/error.js";
import { problemOfFrame } from "../api/problem.js";
import type { ErrFrame } from "../wire/frames.js";

/** The server stops reading at 64; a few are left for others. */
const MAX_UNANSWERED = 48;
/** Longer than the server's own limit, so that it answers first. */
const ANSWER_MS = 20_000;

interface Waiting {
  readonly frame: object;
  readonly resolve: (d: unknown) => void;
  readonly reject: (error: ApiError) => void;
  timer?: ReturnType<typeof setTimeout>;
}

export class RequestTable {
  readonly #sent = new Map<string, Waiting>();
  readonly #queue: Waiting[] = [];
  readonly #send: (frame: object) => void;
  #next = 1;

  constructor(send: (frame: object) => void) {
    this.#send = send;
  }

  ask(frame: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ frame, resolve, reject });
      this.#pump();
    });
  }

  /** False when nobody waits for this answer. */
  answer(frame: { readonly t: "ok"; readonly ref: string; readonly d?: unknown } | ErrFrame): boolean {
    const waiting = frame.ref === undefined ? undefined : this.#take(frame.ref);
    if (!waiting) return false;
    if (frame.t === "ok") waiting.resolve(frame.d ?? {});
    else waiting.reject(problemOfFrame(frame));
    this.#pump();
    return true;
  }

  /** The connection is gone: whether the open ones took effect is not known. */
  fail(): void {
    const open = [...this.#sent.values(), ...this.#queue.splice(0)];
    this.#sent.clear();
    for (const waiting of open) {
      clearTimeout(waiting.timer);
      waiting.reject(ApiError.network());
    }
  }

  #pump(): void {
    while (this.#sent.size < MAX_UNANSWERED) {
      const waiting = this.#queue.shift();
      if (!waiting) return;
      const ref = String(this.#next++);
      waiting.timer = setTimeout(() => this.#take(ref)?.reject(ApiError.network()), ANSWER_MS);
      this.#sent.set(ref, waiting);
      this.#send({ ...waiting.frame, ref });
    }
  }

  #take(ref: string): Waiting | undefined {
    const waiting = this.#sent.get(ref);
    if (!waiting) return undefined;
    clearTimeout(waiting.timer);
    this.#sent.delete(ref);
    return waiting;
  }
}
