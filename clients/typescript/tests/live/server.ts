/** A real `kith` with its own data, which a test may kill and start again. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { WebSocket } from "ws";

import { type Client, type TokenStore, createClient } from "../../src/index.js";

const ROOT = resolve(import.meta.dirname, "../../../..");

/** The binary: given, or the one that was built last. */
export function kithBinary(): string | null {
  const given = process.env.KITH_BIN;
  const candidates = given ? [given] : [join(ROOT, "target/debug/kith"), join(ROOT, "target/release/kith")];
  return candidates.find((path) => existsSync(path)) ?? null;
}

export class Server {
  readonly #data: string;
  readonly #address: string;
  #process: ChildProcess | null = null;

  private constructor(data: string, address: string) {
    this.#data = data;
    this.#address = address;
  }

  static async start(): Promise<Server> {
    const data = await mkdtemp(join(tmpdir(), "kith-client-"));
    const server = new Server(data, `127.0.0.1:${await freePort()}`);
    await server.up();
    return server;
  }

  get url(): string {
    return `http://${this.#address}`;
  }

  /** The same address again, because a client comes back to where it was. */
  async up(): Promise<void> {
    const binary = kithBinary();
    if (!binary) throw new Error("no kith binary: build one or set KITH_BIN");
    const child = spawn(binary, ["--data", this.#data, "--listen", this.#address], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, KITH__LIMITS__ENABLED: "false" },
    });
    this.#process = child;
    await new Promise<void>((done, fail) => {
      let said = "";
      const hear = (chunk: Buffer): void => {
        said += chunk.toString();
        if (said.includes("kith is ready")) done();
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.on("exit", (code) => fail(new Error(`kith ended with ${code}: ${said}`)));
    });
  }

  /** Without a word to anybody. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async remove(): Promise<void> {
    await this.#end("SIGTERM");
    await rm(this.#data, { recursive: true, force: true });
  }

  client(tokens: TokenStore = memoryTokens(), storage: "memory" | "indexeddb" = "memory"): Client {
    return createClient({ baseUrl: this.url, tokens, storage, WebSocket: WebSocket as unknown as typeof globalThis.WebSocket });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null) return;
    child.removeAllListeners("exit");
    const ended = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await ended;
  }
}

export function memoryTokens(): TokenStore {
  let secret: string | null = null;
  return {
    load: async () => secret,
    save: async (value) => {
      secret = value;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => {
    probe.listen(0, "127.0.0.1", done);
  });
  const address = probe.address();
  await new Promise((done) => {
    probe.close(done);
  });
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
