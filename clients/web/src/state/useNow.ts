/** The time, told again every minute, so that "5 minutes ago" does not stand still. */
import { useSyncExternalStore } from "react";

const minute = 60_000;
let now = Date.now();

function subscribe(listener: () => void): () => void {
  now = Date.now();
  const timer = setInterval(() => {
    now = Date.now();
    listener();
  }, minute);
  return () => clearInterval(timer);
}

export const useNow = (): number => useSyncExternalStore(subscribe, () => now);
