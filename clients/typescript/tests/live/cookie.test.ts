import "fake-indexeddb/auto";

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";

import { type Client, createClient } from "../../src/index.js";
import { until } from "../support/until.js";
import { Server, kithBinary } from "./server.js";

/** A browser's cookies, as far as Kith's one needs them: kept by path, sent back, and shown to no script. */
class Jar {
  readonly #cookies = new Map<string, { value: string; path: string }>();
  readonly flags: string[] = [];
  sent = 0;

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const { pathname } = new URL(request.url);
    const mine = [...this.#cookies].filter(([, { path }]) => pathname === path || pathname.startsWith(`${path}/`));
    if (mine.length > 0) {
      request.headers.set("cookie", mine.map(([name, { value }]) => `${name}=${value}`).join("; "));
      this.sent += 1;
    }
    const response = await plainFetch(request);
    for (const line of response.headers.getSetCookie()) this.#take(line);
    return response;
  };

  get isEmpty(): boolean {
    return this.#cookies.size === 0;
  }

  #take(line: string): void {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
    const [name = "", value = ""] = pair.split("=");
    const of = (key: string) => attributes.find((it) => it.toLowerCase().startsWith(`${key}=`))?.split("=")[1];
    if (of("max-age") === "0") this.#cookies.delete(name);
    else this.#cookies.set(name, { value, path: of("path") ?? "/" });
    this.flags.push(...attributes);
  }
}

const plainFetch = globalThis.fetch;

describe.skipIf(kithBinary() === null)("a client without a token store", () => {
  const jar = new Jar();
  let server: Server;
  const client = (): Client => createClient({ baseUrl: server.url, storage: "indexeddb", WebSocket: WebSocket as unknown as typeof globalThis.WebSocket });

  beforeAll(async () => {
    server = await Server.start();
    vi.stubGlobal("fetch", jar.fetch);
  });

  afterAll(async () => {
    vi.unstubAllGlobals();
    await server?.remove();
  });

  it("keeps its session in a cookie that only the calls of its own origin that need it get", async () => {
    const session = await client().register({ username: "ann", password: "correct horse" });
    await until(session.connection, ({ kind }) => kind === "live");
    await session.account.loadPrivacy();

    expect(jar.flags).toEqual(expect.arrayContaining(["HttpOnly", "SameSite=Strict", "Path=/api/v1/auth"]));
    expect(jar.sent).toBe(0);
    await session.close();
  });

  it("goes on with it after a restart, and has nothing of it in its storage", async () => {
    const session = await client().restore();
    await until(session!.connection, ({ kind }) => kind === "live");

    expect(jar.sent).toBe(1);
    expect(session!.account.me.getSnapshot().username).toBe("ann");
    expect(JSON.stringify(await everythingStored())).not.toMatch(/kith_refresh|refreshToken":"|Bearer/);
    await session!.close();
  });

  it("cannot be renewed by a form of another site, which sends no JSON", async () => {
    const forged = await jar.fetch(`${server.url}/api/v1/auth/refresh`, { method: "POST", headers: { "content-type": "text/plain" }, body: "{}" });

    expect(forged.status).toBe(415);
  });

  it("ends with the cookie at logout", async () => {
    const session = await client().restore();
    await session!.logout();

    expect(jar.isEmpty).toBe(true);
    expect(await client().restore()).toBeNull();
  });
});

async function everythingStored(): Promise<unknown> {
  const done = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.addEventListener("success", () => resolve(request.result));
      request.addEventListener("error", () => reject(request.error));
    });
  const database = await done(indexedDB.open("kith"));
  const stores = Array.from(database.objectStoreNames);
  const all = await Promise.all(stores.map((store) => done(database.transaction(store).objectStore(store).getAll())));
  database.close();
  return all;
}
