/** Friends in two groups: who is there now, and everyone else. */
import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { Friend, ListState, Presence, UserId } from "@kith/client";
import { useSession } from "../../state/session.tsx";
import { useFriendPicker } from "../rooms/useFriendPicker.ts";

export interface FriendsViewModel {
  readonly load: ListState<Friend>["load"];
  readonly isEmpty: boolean;
  readonly online: readonly Friend[];
  readonly others: readonly Friend[];
  readonly total: number;
}

/** The server follows 200 people for one device. */
const mostWatched = 200;

export function useFriendsViewModel(filter: string): FriendsViewModel {
  const session = useSession();
  const { load, all, shown } = useFriendPicker(filter);
  const ids = useMemo(() => all.slice(0, mostWatched).map((friend) => friend.user.id), [all]);
  useEffect(() => (ids.length > 0 ? session.people.watch(ids) : undefined), [session, ids]);
  const onlineKey = useOnline(ids);
  return useMemo(() => {
    const online = new Set(onlineKey.split(" "));
    const isOnline = (friend: Friend): boolean => online.has(friend.user.id);
    return { load, isEmpty: all.length === 0, total: all.length, online: shown.filter(isOnline), others: shown.filter((friend) => !isOnline(friend)) };
  }, [load, all, shown, onlineKey]);
}

/** Who of these is there: one string, so that equal answers are equal. */
function useOnline(ids: readonly UserId[]): string {
  const { people } = useSession();
  const stores = useMemo(() => ids.map((id) => ({ id, store: people.presence(id) })), [ids, people]);
  const subscribe = useMemo(() => (listener: () => void) => {
    const ends = stores.map(({ store }) => store.subscribe(listener));
    return () => ends.forEach((end) => end());
  }, [stores]);
  return useSyncExternalStore(subscribe, () => stores.filter(({ store }) => isThere(store.getSnapshot())).map(({ id }) => id).join(" "));
}

const isThere = (presence: Presence | null): boolean => presence?.status === "online" || presence?.status === "away";
