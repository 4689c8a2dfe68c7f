import { spawn, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

import { describe, expect, it } from "vitest";

import { until } from "../support/until.js";
import { Server, kithBinary } from "./server.js";

const folder = resolve(import.meta.dirname, "../..");

describe("the bot of the README", () => {
  it("is the example", async () => {
    const readme = await readFile(resolve(folder, "README.md"), "utf8");

    expect(readme).toContain(await readFile(resolve(folder, "examples/echo.mjs"), "utf8"));
  });

  it.skipIf(kithBinary() === null)("answers what it is told, under plain Node", async () => {
    const built = spawnSync("npm", ["run", "--silent", "build"], { cwd: folder, encoding: "utf8" });
    expect(built.status, built.stdout).toBe(0);
    const server = await Server.start();
    const bot = await server.client().register({ username: "echo", password: "battery staple" });
    await bot.close();
    const ann = await server.client().register({ username: "ann", password: "correct horse" });
    await ann.friends.sendFriendRequest(bot.userId);
    const child = spawn("node", ["examples/echo.mjs", server.url, "echo", "battery staple"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    try {
      await new Promise<void>((live) => child.stdout.on("data", (chunk: Buffer) => chunk.toString().includes("live") && live()));
      const room = await openTo(server, ann, bot.userId);
      await ann.messages.open(room);
      await ann.messages.sendMessage(room, { text: "Hello bot" });

      const { items } = await until(ann.messages.of(room), (messages) => messages.items.length === 2);

      expect(items[1]).toMatchObject({ text: "You said: Hello bot", replyTo: { excerpt: "Hello bot" } });
    } finally {
      child.kill("SIGTERM");
      await ann.close();
      await server.remove();
    }
  });
});

/** By default friends only may write: the bot's owner accepts. */
async function openTo(server: Server, ann: Awaited<ReturnType<ReturnType<Server["client"]>["login"]>>, botId: typeof ann.userId) {
  const owner = await server.client().login("echo", "battery staple");
  const { items } = await until(owner.friends.incoming, (list) => list.items.length === 1);
  await owner.friends.respond(items[0]!.id, "accept");
  await owner.close();
  return (await ann.rooms.openDirectRoom(botId)).id;
}
