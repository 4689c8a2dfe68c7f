/**
 * The service worker: keeps the app itself on the device, so that it opens without a network. What people said is the
 * client's business and in IndexedDB; no answer of the API is ever kept here.
 */

/** Written at build time: the version, and the files that the first screen and all routes need. */
declare const __PRECACHE__: { readonly version: string; readonly files: readonly string[] };

interface Worker {
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: { waitUntil(work: Promise<unknown>): void }) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEventLike) => void): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

interface FetchEventLike {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const worker = self as unknown as Worker;
const manifest = __PRECACHE__;
const shell = `kith-${manifest.version}`;
/** Assets that are fetched on demand (emoji, rarer fonts): kept once seen. */
const extras = "kith-extras";
/** The server's files vary by encoding and origin on the way; what is kept here is the same for all of them. */
const anyForm = { ignoreVary: true } as const;

worker.addEventListener("install", (event) => {
  event.waitUntil(caches.open(shell).then((cache) => cache.addAll(manifest.files.map((file) => new Request(file, { cache: "reload" })))));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(removeOld().then(() => worker.clients.claim()));
});

worker.addEventListener("message", (event) => {
  if (event.data === "take over") void worker.skipWaiting();
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin || url.pathname.startsWith("/api/") || url.pathname.startsWith("/.well-known/")) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (/^\/(assets|emoji|icons)\//.test(url.pathname) || manifest.files.includes(url.pathname)) event.respondWith(file(request));
});

/** Every address of the app is the same page; its own script reads the address. */
async function page(request: Request): Promise<Response> {
  return (await (await caches.open(shell)).match("/", anyForm)) ?? fetch(request);
}

async function file(request: Request): Promise<Response> {
  const kept = await caches.match(request, anyForm);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) await (await caches.open(extras)).put(request, response.clone());
  return response;
}

async function removeOld(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== shell && name !== extras).map((name) => caches.delete(name)));
}
