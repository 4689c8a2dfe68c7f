/** One at a time among all tabs of this origin, where the browser offers that; else among callers in this process. */

let last: Promise<unknown> = Promise.resolve();

export async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  if (locks) return (await locks.request(name, work)) as T;
  const mine = last.then(work, work);
  last = mine.catch(() => {});
  return mine;
}

/**
 * Queues for the lead. Resolves, once this tab has it, with the function that gives it away again; calls `onWait` when
 * another tab has it at first. Stays open for ever when `signal` ends the waiting.
 */
export function lead(name: string, signal: AbortSignal, onWait: () => void): Promise<() => void> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return Promise.resolve(() => {});
  return new Promise((resolve, reject) => {
    const hold = () => new Promise<void>((release) => resolve(release));
    const queue = async (): Promise<void> => {
      const isLed = await locks.request(name, { ifAvailable: true }, (lock) => (lock ? hold().then(() => true) : false));
      if (isLed) return;
      onWait();
      await locks.request(name, { signal }, hold);
    };
    // Aborted while waiting: this tab is gone and nobody waits for the answer.
    queue().catch((error: unknown) => (signal.aborted ? undefined : reject(error)));
  });
}
