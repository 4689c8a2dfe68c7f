import type { Store } from "../../src/index.js";

const PATIENCE_MS = 30_000;

/** Waits until a store shows what is expected, and gives it. */
export async function until<T>(store: Store<T>, holds: (value: T) => boolean): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`still ${JSON.stringify(store.getSnapshot()).slice(0, 2_000)}`));
    }, PATIENCE_MS);
    const check = (): void => {
      const value = store.getSnapshot();
      if (!holds(value)) return;
      clearTimeout(timer);
      stop();
      resolve(value);
    };
    const stop = store.subscribe(check);
    check();
  });
}
