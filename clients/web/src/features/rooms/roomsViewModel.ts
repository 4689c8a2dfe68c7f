/** The list of rooms as it is shown: pinned ones first, then newest activity; filtered by name on this device. */
import { useMemo } from "react";
import type { ChatRoom, ListState, UserId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import type { Translator } from "../../i18n/translator.ts";
import { useSession } from "../../state/session.tsx";
import { useStore } from "../../state/useStore.ts";
import { otherOf, roomName } from "./roomNames.ts";

export interface RoomsViewModel {
  readonly me: UserId;
  readonly load: ListState<ChatRoom>["load"];
  readonly rooms: readonly ChatRoom[];
  readonly archivedCount: number;
  readonly isEmpty: boolean;
}

export function useRoomsViewModel(filter: string, archived: boolean): RoomsViewModel {
  const session = useSession();
  const translator = useI18n();
  const list = useStore(session.rooms.list);
  return useMemo(() => {
    const section = list.items.filter((room) => room.isArchived === archived);
    return {
      me: session.userId,
      load: list.load,
      rooms: visibleRooms(section, filter, session.userId, translator),
      archivedCount: list.items.reduce((count, room) => count + (room.isArchived ? 1 : 0), 0),
      isEmpty: section.length === 0,
    };
  }, [list, filter, archived, session, translator]);
}

export function visibleRooms(rooms: readonly ChatRoom[], filter: string, me: UserId, translator: Translator): readonly ChatRoom[] {
  const wanted = folded(filter);
  const matching = wanted ? rooms.filter((room) => folded(`${roomName(room, me, translator)} ${otherOf(room, me)?.username ?? ""}`).includes(wanted)) : rooms;
  return matching.toSorted((one, other) => Number(other.isPinned) - Number(one.isPinned) || other.updatedAt - one.updatedAt);
}

/** Without marks and case, so that "Zoe" finds "Zoë". */
function folded(text: string): string {
  return text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLocaleLowerCase().trim();
}

/** Conversations with something to read, muted and archived ones aside. */
export function useUnreadRooms(): number {
  const list = useStore(useSession().rooms.list);
  return useMemo(() => list.items.filter((room) => room.unreadCount > 0 && !room.isArchived && !isMuted(room)).length, [list]);
}

export function isMuted(room: ChatRoom, now = Date.now()): boolean {
  return room.mutedUntil !== null && room.mutedUntil > now;
}
