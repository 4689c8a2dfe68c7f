import { createClient } from "@kith/client";
import { WebSocket } from "ws"; // Node 22 and newer have one of their own

const [baseUrl, username, password] = process.argv.slice(2);
let secret = null; // a real bot keeps it in a file, and starts with `restore`
const tokens = { load: async () => secret, save: async (value) => void (secret = value) };
const client = createClient({ baseUrl, tokens, WebSocket, deviceName: "echo" });
const session = await client.login(username, password);

session.messages.onArrival(({ roomId, id, text }) => {
  if (text !== null) session.messages.sendMessage(roomId, { text: `You said: ${text}`, replyTo: id });
});
session.connection.subscribe(() => console.log(session.connection.getSnapshot().kind));

process.once("SIGTERM", () => session.close());
