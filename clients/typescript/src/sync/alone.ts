/** One at a time among all tabs of this origin, where the browser offers that; else among callers in this process. */

let last: Promise<unknown> = Promise.resolve();

/** A tab that the system has stopped in the middle holds its lock for ever: after this long it loses it. */
const PATIENCE_MS = 10_000;

export async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  if (locks) return alonePatiently(locks, name, work);
  const mine = last.then(work, work);
  last = mine.catch(() => {});
  return mine;
}

async function alonePatiently<T>(locks: LockManager, name: string, work: () => Promise<T>): Promise<T> {
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(), PATIENCE_MS);
  const begun = async (): Promise<T> => {
    clearTimeout(timer);
    return work();
  };
  try {
    return (await locks.request(name, { signal: waiting.signal }, begun)) as T;
  } catch (error) {
    if (!waiting.signal.aborted) throw error;
    return (await locks.request(name, { steal: true }, work)) as T;
  }
}
