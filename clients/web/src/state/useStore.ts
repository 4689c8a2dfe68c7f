/** Reads a store and follows it. */
import { useSyncExternalStore } from "react";
import type { Store } from "@kith/client";

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.getSnapshot);
}
