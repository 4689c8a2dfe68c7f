import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { ChatRoom, Session } from "../../src/index.js";
import { Server, kithBinary, memoryTokens } from "./server.js";
import { until } from "../support/until.js";

describe.skipIf(kithBinary() === null)("two people and a real server", () => {
  let server: Server;
  let ann: Session;
  let ben: Session;
  let room: ChatRoom;

  beforeAll(async () => {
    server = await Server.start();
    ann = await server.client().register({ username: "ann", password: "correct horse", displayName: "Ann" });
    ben = await server.client().register({ username: "ben", password: "battery staple", displayName: "Ben" });
    await until(ann.connection, ({ kind }) => kind === "live");
    await until(ben.connection, ({ kind }) => kind === "live");
  });

  afterAll(async () => {
    await ann?.close();
    await ben?.close();
    await server?.remove();
  });

  const texts = (session: Session): (string | null)[] =>
    session.messages
      .of(room.id)
      .getSnapshot()
      .items.map(({ text }) => text);

  it("become friends", async () => {
    await ann.friends.sendFriendRequest(ben.userId, "It is me");
    const { items } = await until(ben.friends.incoming, (list) => list.items.length === 1);
    await ben.friends.respond(items[0]!.id, "accept");

    const friends = await until(ann.friends.list, (list) => list.items.length === 1);

    expect(friends.items[0]?.user).toMatchObject({ displayName: "Ben", relation: "friends" });
    expect(ann.friends.outgoing.getSnapshot().items).toEqual([]);
  });

  it("chat, with unread counts and receipts", async () => {
    room = await ann.rooms.openDirectRoom(ben.userId);
    await ann.messages.open(room.id);
    await ann.messages.sendMessage(room.id, { text: "Hello Ben" });

    const bens = await until(ben.rooms.byId(room.id), (it) => it?.unreadCount === 1);
    await ben.messages.open(room.id);
    ben.messages.markRead(room.id, bens!.lastSeq);
    await until(ann.rooms.positions(room.id), (positions) => positions.get(ben.userId)?.readSeq === bens!.lastSeq);

    expect(bens?.lastMessage?.text).toBe("Hello Ben");
    expect(texts(ben)).toEqual(["Hello Ben"]);
    expect(ben.rooms.byId(room.id).getSnapshot()?.unreadCount).toBe(0);
    expect(ann.outbox.getSnapshot()).toEqual([]);
  });

  it("see each other type", async () => {
    ben.messages.setTyping(room.id, true);

    await until(ann.rooms.typing(room.id), (ids) => ids.includes(ben.userId));
    ben.messages.setTyping(room.id, false);

    await until(ann.rooms.typing(room.id), (ids) => ids.length === 0);
  });

  it("lose nothing and get nothing twice when the server dies in mid-conversation", async () => {
    const expected = ["Hello Ben"];
    for (let n = 0; n < 30; n += 1) {
      await ann.messages.sendMessage(room.id, { text: `ann ${n}` });
      await ben.messages.sendMessage(room.id, { text: `ben ${n}` });
      expected.push(`ann ${n}`, `ben ${n}`);
      if (n === 10) await server.kill();
      if (n === 20) await server.up();
    }

    await until(ann.outbox, (entries) => entries.length === 0);
    await until(ben.outbox, (entries) => entries.length === 0);
    for (const session of [ann, ben]) await until(session.messages.of(room.id), ({ items }) => items.length === expected.length);

    expect(texts(ann)).toEqual(texts(ben));
    expect(texts(ann).toSorted()).toEqual(expected.toSorted());
    const mine = texts(ann).filter((text) => text?.startsWith("ann"));
    expect(mine).toEqual(expected.filter((text) => text.startsWith("ann")));
  });

  it("end a session that another device revoked, and keep nothing of one that logged out", async () => {
    const tokens = memoryTokens();
    const client = server.client(tokens);
    const other = await client.login("ben", "battery staple");
    await ben.account.loadDevices();
    await ben.account.revokeDevice(other.id);
    const ended = await until(client.state, ({ kind }) => kind === "signed_out");
    await (await client.login("ben", "battery staple")).logout();

    expect(ended).toEqual({ kind: "signed_out", reason: "session_ended" });
    expect(client.state.getSnapshot()).toEqual({ kind: "signed_out", reason: null });
    expect(await tokens.load()).toBeNull();
  });

  it("notice a block at once", async () => {
    await ben.friends.block(ann.userId);
    await ann.messages.sendMessage(room.id, { text: "Still there?" });

    const [failed] = await until(ann.outbox, ([entry]) => entry?.state.kind === "failed");
    await ann.messages.discard(failed!.clientId);

    expect(failed?.state).toEqual({ kind: "failed", code: "not_allowed_by_privacy" });
    expect(ann.outbox.getSnapshot()).toEqual([]);
  });
});
