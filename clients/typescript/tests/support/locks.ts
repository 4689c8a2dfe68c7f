/** Web Locks for a Node that has none: exclusive locks in the order of asking, and taking one away, which is all that tabs use. */

interface Options {
  readonly ifAvailable?: boolean;
  readonly steal?: boolean;
  readonly signal?: AbortSignal;
}
type Work = (lock: object | null) => unknown;

interface Grant {
  readonly ended: Promise<unknown>;
  readonly lose: () => void;
}

const queues = new Map<string, Promise<unknown>>();
const held = new Map<string, Grant>();

async function request(name: string, options: Options | Work, given?: Work): Promise<unknown> {
  const work = typeof options === "function" ? options : given;
  const { ifAvailable, steal, signal } = typeof options === "function" ? {} : options;
  if (!work) throw new TypeError("no callback");
  if (ifAvailable && held.has(name)) return work(null);
  if (steal) {
    held.get(name)?.lose();
    return grant(name, work);
  }
  const turn = (queues.get(name) ?? Promise.resolve()).then(async () => {
    for (let holder = held.get(name); holder; holder = held.get(name)) await holder.ended;
    if (signal?.aborted) throw signal.reason;
    return grant(name, work);
  });
  queues.set(
    name,
    turn.catch(() => {}),
  );
  return turn;
}

function grant(name: string, work: Work): Promise<unknown> {
  const { promise, resolve, reject } = withResolvers();
  const mine = { ended: promise.catch(() => {}), lose: () => reject(new DOMException("stolen", "AbortError")) };
  held.set(name, mine);
  void promise.catch(() => {}).then(() => held.get(name) === mine && held.delete(name));
  void Promise.resolve(work({ name })).then(resolve, reject);
  return promise;
}

function withResolvers() {
  let resolve: (value: unknown) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<unknown>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  return { promise, resolve, reject };
}

export function installLocks(): void {
  if (globalThis.navigator?.locks) return;
  Object.defineProperty(globalThis, "navigator", { value: { locks: { request } }, configurable: true });
}
