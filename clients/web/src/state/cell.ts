/** A watched value of the interface itself (what the server knows lives in @kith/client's stores, and only there). */
import type { Store } from "@kith/client";

export interface Cell<T> extends Store<T> {
  readonly set: (value: T) => void;
}

export function cell<T>(initial: T): Cell<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    getSnapshot: () => value,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set: (next) => {
      if (Object.is(next, value)) return;
      value = next;
      // A copy: whoever is told may subscribe anew.
      const told = Array.from(listeners);
      for (const listener of told) listener();
    },
  };
}
