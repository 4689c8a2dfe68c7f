/** How a room is called and pictured: a group by its own name, a direct room by the other person. */
import type { ChatParticipant, ChatRoom, UserId } from "@kith/client";
import type { Translator } from "../../i18n/translator.ts";

export function otherOf(room: ChatRoom, me: UserId): ChatParticipant["user"] | null {
  if (room.kind !== "direct") return null;
  return room.participants.find((participant) => participant.user.id !== me)?.user ?? null;
}

export function roomName(room: ChatRoom, me: UserId, { t }: Translator): string {
  return room.name ?? otherOf(room, me)?.displayName ?? t("common.deleted");
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

/** Only the part of a room's people that came with it may be known; the rest is "someone". */
export function participantName(room: ChatRoom | null, userId: UserId, { t }: Translator, more: readonly ChatParticipant[] = []): string {
  const found = room?.participants.find((item) => item.user.id === userId) ?? more.find((item) => item.user.id === userId);
  return found?.user.displayName ?? t("common.someone");
}
