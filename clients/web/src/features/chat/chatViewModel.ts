/** One open room: what is shown, where reading began, and what can be done. */
import { useCallback, useEffect, useLayoutEffect, useMemo, useState } from "react";
import type { ChatRoom, RoomId, RoomMessages, UserId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { isNotFound } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { useStoreWhile } from "../../state/useStore.ts";
import { roomName, type Known } from "../rooms/roomNames.ts";
import { rowsOf, type Row } from "./rows.ts";
import { progressOf, type Progress } from "./ticks.ts";
import { useKnownPeople } from "./useKnownPeople.ts";

export interface ChatViewModel {
  readonly me: UserId;
  readonly room: ChatRoom | null;
  readonly isGone: boolean;
  readonly name: string;
  readonly messages: RoomMessages;
  readonly rows: readonly Row[];
  /** Rows above these that come after the first paint. */
  readonly rowsToCome: number;
  readonly progress: Progress;
  /** Members, and whoever else the messages here name. */
  readonly people: readonly Known[];
  readonly forgetUnread: () => void;
}

/** The least height of a row; a screen of them fills the first paint of a room that opens at its newest message. */
const leastRowPx = 40;

/** `opensElsewhere`: a link leads to another place than the newest message. While it is not shown, nothing changes. */
export function useChatViewModel(roomId: RoomId, opensElsewhere: boolean, isShown: boolean): ChatViewModel {
  const session = useSession();
  const translator = useI18n();
  const room = useStoreWhile(isShown, session.rooms.byId(roomId));
  const messages = useStoreWhile(isShown, session.messages.of(roomId));
  const positions = useStoreWhile(isShown, session.rooms.positions(roomId));
  const people = useKnownPeople(roomId, room, messages, isShown);
  const [isGone, setGone] = useState(false);
  // Where reading began: fixed when the room is first known, so that the line stays while one reads on.
  const [unreadAfter, setUnreadAfter] = useState<number | null | undefined>(undefined);
  if (room && unreadAfter === undefined) setUnreadAfter(room.unreadCount > 0 ? room.lastReadSeq : null);
  const knowsRoom = room !== null;

  // Before the first paint: the disk is read meanwhile.
  useLayoutEffect(() => {
    if (!isShown) {
      // Whoever comes back has seen what the line stood above.
      setUnreadAfter(null);
      return undefined;
    }
    let isCurrent = true;
    // What fails here shows in the store's own load state.
    session.messages.open(roomId).catch(() => undefined);
    if (!session.rooms.byId(roomId).getSnapshot()) {
      session.rooms.load(roomId).catch((error: unknown) => isCurrent && setGone(isNotFound(error)));
    }
    return () => { isCurrent = false; };
  }, [session, roomId, isShown]);

  // Messages may be here before their room is. Shown at their end they would count as read, and the line would never be.
  const { items, notes, pending, hasOlder, hasNewer } = messages;
  // Whether something is being loaded changes no row.
  const all = useMemo(() => (unreadAfter === undefined ? [] : rowsOf({ items, notes, pending, hasOlder, hasNewer }, session.userId, unreadAfter)), [items, notes, pending, hasOlder, hasNewer, session, unreadAfter]);
  const isPainted = usePainted();
  const isWhole = isPainted || opensElsewhere || typeof unreadAfter === "number";
  const rows = useMemo(() => (isWhole ? all : all.slice(-Math.ceil(window.innerHeight / leastRowPx))), [all, isWhole]);
  const progress = useMemo(() => progressOf(room, positions, session.userId), [room, positions, session]);
  const forgetUnread = useCallback(() => setUnreadAfter(null), []);
  return {
    me: session.userId,
    room,
    isGone: isGone && !knowsRoom,
    name: room ? roomName(room, session.userId, translator) : "",
    messages,
    rows,
    rowsToCome: all.length - rows.length,
    progress,
    people,
    forgetUnread,
  };
}

/** False until the first picture is on the screen. */
function usePainted(): boolean {
  const [isPainted, setPainted] = useState(false);
  useEffect(() => {
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => setPainted(true));
    });
    return () => cancelAnimationFrame(frame);
  }, []);
  return isPainted;
}
