import { clientId, messageId, roomId, userId, type ChatMessage, type RoomMessages } from "@kith/client";
import { expect, test } from "vitest";
import { rowsOf } from "./rows.ts";
import { progressOf, tickOf } from "./ticks.ts";

const [me, ada] = [userId("me"), userId("ada")];
const noon = new Date(2026, 5, 1, 12).getTime();

const message = (seq: number, senderId = ada, minutes = seq): ChatMessage => ({ id: messageId(`m${seq}`), roomId: roomId("r"), seq, senderId, clientId: null, text: `text ${seq}`, mentions: [], replyTo: null, reactions: [], createdAt: noon + minutes * 60_000, editedAt: null, deletedAt: null });
const room = (items: readonly ChatMessage[], change: Partial<RoomMessages> = {}): RoomMessages => ({ items, notes: [], pending: [], hasOlder: false, hasNewer: false, load: { kind: "ready" }, isLoadingOlder: false, isLoadingNewer: false, ...change });

test("messages of one person within five minutes form a run", () => {
  const rows = rowsOf(room([message(1), message(2), message(3), message(4, me), message(5, ada, 30)]), me, null);

  expect(rows.map((row) => row.place)).toEqual(["first", "middle", "last", "only", "only"]);
});

test("a day begins where the date changes", () => {
  const rows = rowsOf(room([message(1), message(2, ada, 24 * 60), message(3, ada, 24 * 60 + 1)]), me, null);

  expect(rows.map((row) => row.day !== null)).toEqual([true, true, false]);
});

test("the unread line stands above the first message of others after my position", () => {
  const rows = rowsOf(room([message(1), message(2, me), message(3), message(4)]), me, 1);

  expect(rows.map((row) => row.isFirstUnread)).toEqual([false, false, true, false]);
});

test("the beginning shows only when nothing older is left", () => {
  expect(rowsOf(room([message(1)], { hasOlder: true }), me, null)[0]?.isBeginning).toBe(false);
  expect(rowsOf(room([message(1)]), me, null)[0]?.isBeginning).toBe(true);
});

test("what happened stands above the message that came next, what happened last below all of them, and both break a run", () => {
  const who = { id: ada, username: "ada", displayName: "Ada", avatarUrl: null };
  const notes = [1, 3, 6].map((seq) => ({ kind: "joined", seq, at: noon, who }) as const);
  const rows = rowsOf(room([message(2), message(4), message(5)], { notes }), me, null);

  expect(rows.map((row) => row.notes.map(({ seq }) => seq))).toEqual([[1], [3], []]);
  expect(rows.map((row) => row.notesBelow.map(({ seq }) => seq))).toEqual([[], [], [6]]);
  expect(rows.map((row) => row.place)).toEqual(["only", "first", "last"]);
});

test("a message keeps its key when it is stored", () => {
  const pending = { clientId: clientId("c1"), roomId: roomId("r"), text: "hi", replyTo: null, createdAt: noon, state: { kind: "queued" } } as const;
  const before = rowsOf(room([], { pending: [pending] }), me, null);
  const after = rowsOf(room([{ ...message(1, me), clientId: clientId("c1") }]), me, null);

  expect(before[0]?.message.key).toBe(after[0]?.message.key);
});

test("what is on its way is not shown in the past", () => {
  const pending = { clientId: clientId("c1"), roomId: roomId("r"), text: "hi", replyTo: null, createdAt: noon, state: { kind: "queued" } } as const;

  expect(rowsOf(room([message(1)], { pending: [pending], hasNewer: true }), me, null)).toHaveLength(1);
});

test("a group's message is read when everybody has read it", () => {
  const group = { participantCount: 3 } as Parameters<typeof progressOf>[0];
  const progress = progressOf(group, new Map([[ada, { readSeq: 5, deliveredSeq: 5 }], [userId("ben"), { readSeq: 3, deliveredSeq: 4 }]]), me);
  const ticks = rowsOf(room([message(3, me), message(4, me), message(5, me)]), me, null).map((row) => tickOf(row.message, progress));

  expect(ticks).toEqual(["read", "delivered", "sent"]);
});
