/**
 * The people whom an open room names: its members, and those who wrote here and have left since. What a note does not say
 * of somebody who left is asked of the server, once.
 */
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { ChatRoom, RoomId, RoomMessages, UserId } from "@kith/client";
import { isNotFound } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { useStoreWhile } from "../../state/useStore.ts";
import type { Known } from "../rooms/roomNames.ts";

export function useKnownPeople(roomId: RoomId, room: ChatRoom | null, messages: RoomMessages, isShown: boolean): readonly Known[] {
  const { rooms } = useSession();
  const members = useStoreWhile(isShown, rooms.participants(roomId));
  const isLarge = room !== null && room.participantCount > room.participants.length;
  useEffect(() => {
    // The room brings ten of its people; the names of the others come from the list.
    if (isLarge) rooms.loadParticipants(roomId).catch(() => undefined);
  }, [rooms, roomId, isLarge]);

  const noted = useMemo(() => messages.notes.flatMap((note) => (note.kind === "left" ? [{ user: note.who }] : [])), [messages.notes]);
  const knowsMembers = room !== null && (!isLarge || members.load.kind === "ready");
  const strangers = useMemo(() => {
    if (!knowsMembers) return "";
    const known = new Set([...(room?.participants ?? []), ...members.items, ...noted].map(({ user }) => user.id));
    const named = messages.items.flatMap((message) => [message.senderId, ...(message.replyTo ? [message.replyTo.senderId] : [])]);
    return [...new Set(named)].filter((id) => !known.has(id)).toSorted().join(" ");
  }, [knowsMembers, room?.participants, members.items, noted, messages.items]);
  const found = useProfiles(strangers, isShown);
  return useMemo(() => (noted.length + found.length === 0 ? members.items : [...members.items, ...noted, ...found]), [members.items, noted, found]);
}

/** `ids`, with blanks between them, so that equal questions are equal. */
function useProfiles(ids: string, isShown: boolean): readonly Known[] {
  const { people } = useSession();
  const [deleted, setDeleted] = useState<readonly Known[]>([]);
  const asked = useRef(new Set<UserId>());
  const wanted = useMemo(() => (ids ? (ids.split(" ") as UserId[]) : []), [ids]);
  useEffect(() => {
    if (!isShown) return;
    for (const id of wanted) {
      if (asked.current.has(id) || people.byId(id).getSnapshot()) continue;
      asked.current.add(id);
      people.load(id).catch((error: unknown) => {
        if (isNotFound(error)) setDeleted((known) => [...known, { user: { id, username: "", displayName: "", avatarUrl: null } }]);
        else asked.current.delete(id);
      });
    }
  }, [people, wanted, isShown]);
  const stores = useMemo(() => wanted.map((id) => people.byId(id)), [people, wanted]);
  const subscribe = useCallback((listener: () => void) => {
    const ends = stores.map((store) => store.subscribe(listener));
    return () => ends.forEach((end) => end());
  }, [stores]);
  const seen = useRef<readonly Known[]>([]);
  const profiles = useSyncExternalStore(subscribe, () => {
    const now = stores.flatMap((store) => store.getSnapshot() ?? []);
    if (now.length !== seen.current.length || now.some((user, at) => user !== seen.current[at]?.user)) seen.current = now.map((user) => ({ user }));
    return seen.current;
  });
  return useMemo(() => (deleted.length === 0 ? profiles : [...profiles, ...deleted]), [profiles, deleted]);
}
