/** Stands before a Kith as if it had been updated: on demand it hands out another page and a service worker of another version. */
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";

type Change = (text: string) => string;

const changes = new Map<string, Change>([
  ["/sw.js", (text) => text.replace(/[0-9a-f]{12}/, "0123456789ab")],
  ["/", (text) => text.replace("<head>", '<head><meta name="version" content="second" />')],
]);

export class NewerVersion {
  #isPublished = false;

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
    readonly url: string,
  ) {
    server.on("request", (incoming: IncomingMessage, outgoing: ServerResponse) => this.#answer(incoming, outgoing));
    server.on("upgrade", (incoming: IncomingMessage, socket: Duplex) => this.#join(incoming, socket));
  }

  static async before(target: string): Promise<NewerVersion> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new NewerVersion(server, new URL(target), `http://127.0.0.1:${address.port}`);
  }

  publish(): void {
    this.#isPublished = true;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  #answer(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const change = this.#isPublished ? changes.get(incoming.url ?? "") : undefined;
    // What is changed must come in full, and as plain text.
    const { "accept-encoding": _encoding, "if-none-match": _tag, "if-modified-since": _since, ...headers } = incoming.headers;
    const { hostname, port } = this.target;
    const onward = request({ hostname, port, method: incoming.method, path: incoming.url, headers: change ? headers : incoming.headers }, (answer) => {
      if (change) void changed(answer, change).then((text) => outgoing.writeHead(answer.statusCode ?? 500, { "content-type": answer.headers["content-type"] ?? "text/html" }).end(text));
      else answer.pipe(outgoing.writeHead(answer.statusCode ?? 500, answer.headers));
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  }

  #join(incoming: IncomingMessage, socket: Duplex): void {
    const onward = connect(Number(this.target.port), this.target.hostname);
    const lines = incoming.rawHeaders.flatMap((word, index, all) => (index % 2 === 0 ? [`${word}: ${all[index + 1]}`] : []));
    onward.write([`GET ${incoming.url} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
    for (const [from, to] of [[socket, onward], [onward, socket]] as const) {
      from.on("error", () => to.destroy());
      from.pipe(to);
    }
  }
}

async function changed(answer: IncomingMessage, change: Change): Promise<string> {
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) text += String(chunk);
  return change(text);
}
