/** A WebSocket whose other end is the test. */

import { Connection, type ConnectionOptions } from "../../src/sync/connection.js";
import type { ServerFrame } from "../../src/wire/frames.js";

export class FakeSocket extends EventTarget {
  static opened: FakeSocket[] = [];
  readonly sent: (Record<string, unknown> & { readonly ref?: string })[] = [];
  readonly url: string;
  readonly protocol: string;
  readyState = 0;

  constructor(url: string, protocol: string) {
    super();
    this.url = url;
    this.protocol = protocol;
    FakeSocket.opened.push(this);
  }

  static get last(): FakeSocket {
    const last = FakeSocket.opened.at(-1);
    if (!last) throw new Error("no socket was opened");
    return last;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  say(frame: ServerFrame | { readonly t: string; readonly [field: string]: unknown }): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(frame) }));
  }

  end(code: number): void {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }

  ready(over: Record<string, unknown> = {}): void {
    this.say({ t: "ready", session_id: "s", user_id: "u", epoch: 1, useq: 0, heartbeat_ms: 25_000, rooms: {}, ...over });
  }
}

export function connection(over: Partial<ConnectionOptions> = {}): Connection {
  FakeSocket.opened = [];
  return new Connection({
    url: "ws://kith.test/api/v1/ws",
    WebSocket: FakeSocket as unknown as typeof WebSocket,
    token: async () => "token",
    refresh: async () => {},
    expiresAt: () => null,
    cursors: () => null,
    onFrame: () => {},
    client: { name: "test", version: "0", platform: "test" },
    random: () => 0.5,
    ...over,
  });
}
