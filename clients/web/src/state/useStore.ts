/** Reads a store and follows it. */
import { useCallback, useRef, useSyncExternalStore } from "react";
import type { Store } from "@kith/client";

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.getSnapshot);
}

/** The same, but what is not looked at stands still: no news is drawn until `isLooked` is true again. */
export function useStoreWhile<T>(isLooked: boolean, store: Store<T>): T {
  const seen = useRef<{ readonly store: Store<T>; readonly value: T } | null>(null);
  const subscribe = useCallback((listener: () => void) => (isLooked ? store.subscribe(listener) : () => undefined), [isLooked, store]);
  const read = useCallback((): T => {
    if (isLooked || seen.current?.store !== store) seen.current = { store, value: store.getSnapshot() };
    return seen.current.value;
  }, [isLooked, store]);
  return useSyncExternalStore(subscribe, read);
}
