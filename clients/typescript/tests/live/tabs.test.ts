import "fake-indexeddb/auto";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { ChatRoom, Client, Session } from "../../src/index.js";
import { installLocks } from "../support/locks.js";
import { until } from "../support/until.js";
import { Server, kithBinary, memoryTokens } from "./server.js";

describe.skipIf(kithBinary() === null)("two tabs of one person", () => {
  const tokens = memoryTokens();
  let server: Server;
  let first: Session;
  let second: Session;
  let ben: Session;
  let room: ChatRoom;

  const tab = (): Client => server.client(tokens, "indexeddb");
  const texts = (session: Session): (string | null)[] =>
    session.messages
      .of(room.id)
      .getSnapshot()
      .items.map(({ text }) => text);
  const shows = (session: Session, text: string) => until(session.messages.of(room.id), ({ items }) => items.some((message) => message.text === text));

  beforeAll(async () => {
    installLocks();
    server = await Server.start();
    first = await tab().register({ username: "ann", password: "correct horse" });
    ben = await server.client().register({ username: "ben", password: "battery staple" });
    await until(first.connection, ({ kind }) => kind === "live");
    await first.friends.sendFriendRequest(ben.userId);
    const { items } = await until(ben.friends.incoming, (list) => list.items.length === 1);
    await ben.friends.respond(items[0]!.id, "accept");
    room = await first.rooms.openDirectRoom(ben.userId);
    await first.messages.open(room.id);
    await ben.messages.open((await until(ben.rooms.byId(room.id), (it) => it !== null))!.id);
  });

  afterAll(async () => {
    await second?.close();
    await ben?.close();
    await server?.remove();
  });

  it("share what is on the device, and one connection", async () => {
    await first.messages.sendMessage(room.id, { text: "from the first" });
    await shows(first, "from the first");
    second = (await tab().restore())!;

    await until(second.connection, ({ kind }) => kind === "live");
    await until(second.rooms.byId(room.id), (it) => it?.lastMessage?.text === "from the first");
    await second.messages.open(room.id);

    expect(texts(second)).toEqual(["from the first"]);
  });

  it("hear and send through the one that leads", async () => {
    await ben.messages.sendMessage(room.id, { text: "from Ben" });
    await shows(second, "from Ben");
    await second.messages.sendMessage(room.id, { text: "from the second" });

    for (const session of [first, second, ben]) await shows(session, "from the second");
    await until(second.outbox, (entries) => entries.length === 0);

    expect(texts(second)).toEqual(["from the first", "from Ben", "from the second"]);
    expect(texts(first)).toEqual(texts(second));
  });

  it("go on when the leading one is closed", async () => {
    await first.close();
    await ben.messages.sendMessage(room.id, { text: "still there?" });
    await second.messages.sendMessage(room.id, { text: "still here" });

    await shows(second, "still there?");
    await shows(ben, "still here");
    await until(second.outbox, (entries) => entries.length === 0);

    expect(texts(second).toSorted()).toEqual(texts(ben).toSorted());
  });

  it("leave a device that remembers: a new tab shows it at once, without a server", async () => {
    await second.close();
    await server.kill();

    const again = (await tab().restore())!;
    await again.messages.open(room.id);

    expect(again.rooms.list.getSnapshot().items.map(({ id }) => id)).toEqual([room.id]);
    expect(texts(again)).toContain("still here");
    expect(again.friends.list.getSnapshot().items.map(({ user }) => user.username)).toEqual(["ben"]);
    await again.close();
  });
});
