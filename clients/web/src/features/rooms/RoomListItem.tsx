/** A room's tile, fed from the stores of that room alone, so that one message redraws one tile. */
import { memo } from "react";
import type { ChatRoom, Presence, Store, User, UserId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { clockTime, fullTime, listTime } from "../../i18n/times.ts";
import type { Translator } from "../../i18n/translator.ts";
import { useSession } from "../../state/session.tsx";
import { useNow } from "../../state/useNow.ts";
import { useOpen } from "../../state/useOpen.ts";
import { useStore } from "../../state/useStore.ts";
import { RoomTile, type RoomTileProps } from "../../ui/RoomTile.tsx";
import { Ticks } from "../../ui/Ticks.tsx";
import { progressOf, reached } from "../chat/ticks.ts";
import { isMuted } from "./roomsViewModel.ts";
import { knownName, otherOf, participantName, roomName, roomPicture, shortName, type Known } from "./roomNames.ts";

const nobody: Store<null> = { subscribe: () => () => undefined, getSnapshot: () => null };

export const RoomListItem = memo(function RoomListItem({ room, me, isCurrent }: { readonly room: ChatRoom; readonly me: UserId; readonly isCurrent: boolean }) {
  const session = useSession();
  const translator = useI18n();
  const { t } = translator;
  const now = useNow();
  const open = useOpen();
  const other = otherOf(room, me);
  const presence = useStore<Presence | null>(other ? session.people.presence(other.id) : nobody)?.status ?? null;
  const typing = useStore(session.rooms.typing(room.id));
  const draft = useStore(session.messages.draft(room.id));
  const positions = useStore(session.rooms.positions(room.id));
  const preview = previewOf({ room, me, typing, draft: isCurrent ? "" : draft, more: useAuthor(room) }, translator);
  const mine = preview.kind === "message" && room.lastMessage?.senderId === me ? room.lastMessage : null;
  const tick = mine && reached(mine.seq, progressOf(room, positions, me));
  const href = `/chat/${room.id}`;
  const at = room.lastMessage?.createdAt ?? room.updatedAt;
  return (
    <RoomTile href={href} name={roomName(room, me, translator)} avatar={{ ...roomPicture(room, me), presence }}
      preview={preview} ticks={tick && <Ticks state={tick} label={t(`chat.state.${tick}`)} />}
      time={at > now - 60_000 ? clockTime(translator, at) : listTime(translator, at, now)} timeTitle={fullTime(translator, at)}
      unread={{ count: room.unreadCount, label: t("rooms.unread", { count: room.unreadCount }) }}
      mention={room.mentionCount > 0 ? t("rooms.mentioned") : null} muted={isMuted(room, now) ? t("rooms.muted") : null} pinned={room.isPinned ? t("rooms.pinned") : null}
      presenceLabel={presence === "online" ? t("friends.online") : presence === "away" ? t("friends.away") : null}
      isCurrent={isCurrent} onOpen={open(href)} />
  );
});

const none: readonly Known[] = [];

/** Who wrote last has left the room, or is not among the ten that it brings along: a friend, or somebody met, has a name all the same. */
function useAuthor(room: ChatRoom): readonly Known[] {
  const { people, friends } = useSession();
  const sender = room.kind === "group" ? room.lastMessage?.senderId : undefined;
  const stranger = room.participants.some(({ user }) => user.id === sender) ? undefined : sender;
  const profile = useStore<User | null>(stranger ? people.byId(stranger) : nobody);
  const known = useStore<{ readonly items: readonly Known[] } | null>(stranger ? friends.list : nobody)?.items ?? none;
  return profile ? [{ user: profile }] : known.filter(({ user }) => user.id === stranger);
}

interface PreviewSource {
  readonly room: ChatRoom;
  readonly me: UserId;
  readonly typing: readonly UserId[];
  readonly draft: string;
  /** Whom the room does not bring along. */
  readonly more?: readonly Known[];
}

/** Somebody typing beats my draft, my draft beats the last message. */
export function previewOf({ room, me, typing, draft, more = none }: PreviewSource, translator: Translator): RoomTileProps["preview"] {
  const { t } = translator;
  const typist = typing[0];
  if (typist) return { kind: "typing", text: typing.length > 1 ? t("chat.typingMany") : t("chat.typingOne", { name: shortName(participantName(room, typist, translator, more)) }) };
  if (draft.trim()) return { kind: "draft", prefix: t("rooms.draft"), text: oneLine(draft) };
  const message = room.lastMessage;
  if (!message) return { kind: "note", text: t("rooms.noMessages") };
  if (message.text === null) return { kind: "note", text: t("rooms.deleted") };
  // In a direct room the ticks say that it is mine.
  const author = knownName(room, message.senderId, translator, more);
  const prefix = room.kind === "direct" ? undefined : message.senderId === me ? t("rooms.youPrefix") : author === null ? undefined : `\u2068${shortName(author)}\u2069:`;
  return { kind: "message", text: oneLine(message.text), ...(prefix ? { prefix } : {}) };
}

/** A tile shows some 60 characters; no more than a few hundred need to be laid out. */
function oneLine(text: string): string {
  return text.slice(0, 300).replaceAll(/\s+/g, " ").trim();
}
