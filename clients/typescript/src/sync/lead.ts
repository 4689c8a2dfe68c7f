/** The lead among the tabs of one person: a lock that one of them holds, the others queue for, and a dead one can lose. */

export interface Contender {
  /** Another tab has the lead. */
  readonly onWait: () => void;
  readonly onLead: () => void;
  /** Another tab took it away, because this one did not answer. */
  readonly onLost: () => void;
}

export class Lead {
  readonly #name: string;
  readonly #contender: Contender;
  #waiting = new AbortController();
  #release: () => void = () => {};
  #isHolding = false;
  #isOver = false;

  constructor(name: string, contender: Contender) {
    this.#name = name;
    this.#contender = contender;
  }

  /** Takes the lead, or queues for it. Where there are no locks every tab leads itself. */
  stand(): void {
    if (globalThis.navigator?.locks) void this.#request({ ifAvailable: true });
    else this.#contender.onLead();
  }

  /** Takes the lead from a tab that holds it and does not answer. */
  seize(): void {
    if (this.#isHolding || this.#isOver) return;
    this.#waiting.abort();
    void this.#request({ steal: true });
  }

  stop(): void {
    this.#isOver = true;
    this.#waiting.abort();
    this.#release();
  }

  async #request(options: LockOptions): Promise<void> {
    try {
      const isLed = await navigator.locks.request(this.#name, options, (lock) => (lock ? this.#hold() : false));
      if (isLed === false && !this.#isOver) this.#queue();
    } catch {
      this.#ended();
    }
  }

  #queue(): void {
    this.#waiting = new AbortController();
    void this.#request({ signal: this.#waiting.signal });
    this.#contender.onWait();
  }

  async #hold(): Promise<true> {
    if (this.#isOver) return true;
    this.#isHolding = true;
    const released = new Promise<true>((release) => {
      this.#release = () => release(true);
    });
    this.#contender.onLead();
    return released;
  }

  /** A request ends badly when its lock is taken away, and when this tab no longer waits for it. */
  #ended(): void {
    if (!this.#isHolding || this.#isOver) return;
    this.#isHolding = false;
    this.#contender.onLost();
  }
}
