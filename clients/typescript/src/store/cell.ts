/** A value that can be watched: what every store of this package shows to the outside. */

/** Fits `useSyncExternalStore` as it is; both functions may be passed on without their object. */
export interface Store<T> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => T;
}

/** A store and the means to change it. Snapshots are immutable: a change is a new value. */
export class Cell<T> implements Store<T> {
  readonly #listeners = new Set<() => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getSnapshot = (): T => this.#value;

  /** Setting what is already there tells nobody. */
  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    // A copy: whoever is told may subscribe anew.
    const listeners = Array.from(this.#listeners);
    for (const listener of listeners) listener();
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }

  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }
}
