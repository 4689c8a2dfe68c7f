/** Fills rooms, one after the other and again, over a socket, many messages at a time; a call per message would take minutes. */
import { once } from "node:events";
import { WebSocket } from "ws";
import type { Person } from "./person.ts";

/** The server lets 64 requests wait. */
const window = 60;

export async function fillRoom(api: string, sender: Person, rooms: readonly string[], count: number): Promise<void> {
  const socket = new WebSocket(`${api.replace("http", "ws")}/api/v1/ws`);
  await once(socket, "open");
  socket.send(JSON.stringify({ t: "hello", token: sender.token }));
  await new Promise<void>((done, failed) => {
    let sent = 0;
    let stored = 0;
    const next = (): void => {
      sent += 1;
      socket.send(JSON.stringify({ t: "send", ref: String(sent), room_id: rooms[sent % rooms.length], client_id: `seed-${sent}`, text: `message ${sent} ${"and some more words to make it longer ".repeat(sent % 5)}` }));
    };
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as { readonly t: string; readonly code?: string };
      if (frame.t === "ready") while (sent < Math.min(window, count)) next();
      if (frame.t === "err") failed(new Error(`seeding: ${String(data)}`));
      if (frame.t !== "ok") return;
      stored += 1;
      if (stored === count) done();
      else if (sent < count) next();
    });
    socket.on("close", () => failed(new Error("the seeding socket closed")));
  });
  socket.close();
}
