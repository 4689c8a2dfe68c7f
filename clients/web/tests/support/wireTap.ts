/** Stands between a browser and a Kith and counts every byte, whatever it belongs to: answers, socket, update checks. */
import { connect, createServer, type Server } from "node:net";
import { once } from "node:events";

export class WireTap {
  #bytes = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(target: string): Promise<WireTap> {
    const { hostname, port } = new URL(target);
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const tap = new WireTap(server, `http://127.0.0.1:${address.port}`);
    server.on("connection", (browser) => {
      const kith = connect(Number(port), hostname);
      for (const [from, to] of [[browser, kith], [kith, browser]] as const) {
        from.on("data", (chunk: Buffer) => { tap.#bytes += chunk.length; });
        from.on("error", () => to.destroy());
        from.pipe(to);
      }
    });
    return tap;
  }

  /** Both ways, since the last call. */
  taken(): number {
    const bytes = this.#bytes;
    this.#bytes = 0;
    return bytes;
  }

  close(): void {
    this.server.close();
  }
}
