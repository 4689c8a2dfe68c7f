/** Web Locks for a Node that has none: exclusive locks in the order of asking, which is all that tabs use. */

interface Options {
  readonly ifAvailable?: boolean;
  readonly signal?: AbortSignal;
}
type Work = (lock: object | null) => unknown;

const queues = new Map<string, Promise<unknown>>();
const held = new Set<string>();

async function request(name: string, options: Options | Work, given?: Work): Promise<unknown> {
  const work = typeof options === "function" ? options : given;
  const { ifAvailable, signal } = typeof options === "function" ? {} : options;
  if (!work) throw new TypeError("no callback");
  if (ifAvailable && held.has(name)) return work(null);
  const turn = (queues.get(name) ?? Promise.resolve()).then(async () => {
    if (signal?.aborted) throw signal.reason;
    held.add(name);
    try {
      return await work({ name });
    } finally {
      held.delete(name);
    }
  });
  queues.set(
    name,
    turn.catch(() => {}),
  );
  return turn;
}

export function installLocks(): void {
  if (globalThis.navigator?.locks) return;
  Object.defineProperty(globalThis, "navigator", { value: { locks: { request } }, configurable: true });
}
