/** A real Kith with its own data folder, for journeys. It can be killed and started again on the same port. */
import { spawn, execFile, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../../../..");
/** The debug build reads the web client from `clients/web/dist` at each request. */
const binary = process.env["KITH_BIN"] ?? join(root, "target/debug/kith");
const startMs = 60_000;

export class Kith {
  #process: ChildProcess | null = null;
  #preview: { readonly process: ChildProcess; readonly url: string } | null = null;
  #listen = "127.0.0.1:0";

  private constructor(private readonly data: string) {}

  static async start(): Promise<Kith> {
    const kith = new Kith(await mkdtemp(join(tmpdir(), "kith-journeys-")));
    await kith.up();
    // A binary that was built elsewhere does not know this dist; vite's preview then stands before it.
    if (process.env["KITH_PREVIEW"]) kith.#preview = await preview(kith.api);
    return kith;
  }

  /** Where the node itself answers. */
  get api(): string {
    return `http://${this.#listen}`;
  }

  /** Where a browser goes. */
  get url(): string {
    return this.#preview?.url ?? this.api;
  }

  async up(): Promise<void> {
    const node = spawn(binary, ["--data", this.data, "--listen", this.#listen], {
      env: { ...process.env, KITH__LIMITS__ENABLED: "false" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#process = node;
    this.#listen = new URL(await said(node, /kith is ready: (\S+)/)).host;
  }

  /** As a power cut would: no farewell to anybody. */
  async kill(): Promise<void> {
    await ended(this.#process, "SIGKILL");
  }

  async makeDemo(): Promise<void> {
    await run(binary, ["demo", "--data", this.data]);
  }

  async stop(): Promise<void> {
    await ended(this.#preview?.process ?? null, "SIGTERM");
    await ended(this.#process, "SIGTERM");
    await rm(this.data, { recursive: true, force: true });
  }
}

async function preview(api: string): Promise<{ readonly process: ChildProcess; readonly url: string }> {
  const web = resolve(import.meta.dirname, "../..");
  const server = spawn(process.execPath, [join(web, "../node_modules/vite/bin/vite.js"), "preview", "--port", "0", "--host", "127.0.0.1"], { cwd: web, env: { ...process.env, KITH_URL: api }, stdio: ["ignore", "pipe", "ignore"] });
  return { process: server, url: (await said(server, /(http:\/\/127\.0\.0\.1:\d+)/)).replace(/\/$/, "") };
}

/** Resolves with what the pattern finds in the output. */
function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((found, failed) => {
    let output = "";
    const timer = setTimeout(() => failed(new Error(`nothing like ${String(pattern)} within ${startMs} ms: ${output}`)), startMs);
    child.once("exit", (code) => failed(new Error(`ended with ${code} before ${String(pattern)}: ${output}`)));
    child.stdout?.on("data", (chunk: Buffer) => {
      output += stripVTControlCharacters(chunk.toString());
      const match = pattern.exec(output)?.[1];
      if (!match) return;
      clearTimeout(timer);
      found(match);
    });
  });
}

function ended(child: ChildProcess | null, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.once("exit", () => done());
    child.kill(signal);
  });
}
