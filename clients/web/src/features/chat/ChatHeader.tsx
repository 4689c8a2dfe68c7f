/** Who the room is with, and whether they are there. */
import type { ChatRoom, Presence, Store, UserId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { relativeTime } from "../../i18n/times.ts";
import type { Translator } from "../../i18n/translator.ts";
import { useSession } from "../../state/session.tsx";
import { useNow } from "../../state/useNow.ts";
import { useOpen } from "../../state/useOpen.ts";
import { useStore } from "../../state/useStore.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { isMuted } from "../rooms/roomsViewModel.ts";
import { otherOf, roomName, roomPicture } from "../rooms/roomNames.ts";
import styles from "./ChatHeader.module.css";

const nobody: Store<Presence | null> = { subscribe: () => () => undefined, getSnapshot: () => null };

export function ChatHeader({ room, me }: { readonly room: ChatRoom; readonly me: UserId }) {
  const session = useSession();
  const translator = useI18n();
  const { t } = translator;
  const now = useNow();
  const open = useOpen();
  const other = otherOf(room, me);
  const presence = useStore(other ? session.people.presence(other.id) : nobody);
  const picture = roomPicture(room, me);
  const name = roomName(room, me, translator);
  const href = `/chat/${room.id}/info`;
  return (
    <a className={styles.who} href={href} onClick={open(href)} title={t("chat.info")}>
      <Avatar id={picture.id} name={name} url={picture.url} kind={picture.kind} size="sm" presence={presence?.status ?? null} />
      <span className={styles.words}>
        <h1><bdi>{name}</bdi>{isMuted(room, now) && <span role="img" aria-label={t("rooms.muted")}><Icon name="mute" size={15} /></span>}</h1>
        <span className={styles.status} data-online={presence?.status === "online" || undefined}>{room.kind === "group" ? t("chat.members", { count: room.participantCount }) : presenceText(presence, other?.username ?? "", now, translator)}</span>
      </span>
    </a>
  );
}

/** Kept together where the words around it run from right to left. */
export const atName = (username: string): string => `\u2066@${username}\u2069`;

export function presenceText(presence: Presence | null, username: string, now: number, translator: Translator): string {
  const { t } = translator;
  if (presence?.status === "online") return t("friends.online");
  if (presence?.status === "away") return t("friends.away");
  if (presence?.lastSeenAt) return t("friends.lastSeen", { time: relativeTime(translator, presence.lastSeenAt, now) });
  return username && atName(username);
}
