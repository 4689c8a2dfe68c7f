/** How a room is called and pictured: a group by its own name, a direct room by the other person. */
import type { ChatParticipant, ChatRoom, Person, UserId } from "@kith/client";
import type { Translator } from "../../i18n/translator.ts";

export function otherOf(room: ChatRoom, me: UserId): ChatParticipant["user"] | null {
  if (room.kind !== "direct") return null;
  return room.participants.find((participant) => participant.user.id !== me)?.user ?? null;
}

export function roomName(room: ChatRoom, me: UserId, translator: Translator): string {
  const other = otherOf(room, me);
  return room.name ?? (other ? personName(other, translator) : translator.t("common.deleted"));
}

/** No user name is left of a deleted account. */
export const isDeleted = (person: Pick<Person, "username"> | null): boolean => person?.username === "";

/** Of a deleted account's name there is only the server's English word for it. */
export function personName(person: Pick<Person, "username" | "displayName">, { t }: Translator): string {
  return isDeleted(person) ? t("common.deleted") : person.displayName;
}

export interface RoomPicture {
  readonly id: string;
  readonly url: string | null;
  readonly kind: "person" | "group";
}

export function roomPicture(room: ChatRoom, me: UserId): RoomPicture {
  const other = otherOf(room, me);
  return { id: other?.id ?? room.id, url: other?.avatarUrl ?? room.avatarUrl, kind: room.kind === "direct" ? "person" : "group" };
}

/** The first name is enough in a preview or a typing line. */
export function shortName(name: string): string {
  return name.trim().split(/\s+/u)[0] ?? name;
}

/** Somebody whom a room names, be it a member or not. */
export interface Known {
  readonly user: Person;
}

/** Only the part of a room's people that came with it may be known; the rest is "someone". */
export function participantName(room: ChatRoom | null, userId: UserId, translator: Translator, more: readonly Known[] = []): string {
  return knownName(room, userId, translator, more) ?? translator.t("common.someone");
}

/** Null for somebody who is not among these. */
export function knownName(room: ChatRoom | null, userId: UserId, translator: Translator, more: readonly Known[] = []): string | null {
  const found = room?.participants.find((item) => item.user.id === userId) ?? more.find((item) => item.user.id === userId);
  return found ? personName(found.user, translator) : null;
}
