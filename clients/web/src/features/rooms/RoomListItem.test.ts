import { messageId, userId, type ChatRoom } from "@kith/client";
import { expect, test } from "vitest";
import { english } from "../../i18n/catalogue.ts";
import { translator } from "../../i18n/translator.ts";
import { previewOf } from "./RoomListItem.tsx";

const [me, ada, cem] = [userId("me"), userId("ada"), userId("cem")];
const person = (id: typeof me, displayName: string) => ({ user: { id, username: id, displayName, avatarUrl: null }, role: "member", joinedAt: 0, lastReadSeq: 0 });
const room = { kind: "group", participants: [person(me, "Me"), person(ada, "Ada Asante")], lastMessage: { id: messageId("m"), senderId: cem, text: "see you there" } } as unknown as ChatRoom;

test("a preview names whoever wrote last; a stranger is not called anything", () => {
  const preview = (more: Parameters<typeof previewOf>[0]["more"] = []) => previewOf({ room, me, typing: [], draft: "", more }, translator("en", english));
  expect(preview()).toEqual({ kind: "message", text: "see you there" });
  expect(preview([person(cem, "Cem Celik")])).toEqual({ kind: "message", text: "see you there", prefix: "\u2068Cem\u2069:" });
});
