/** My friends, loaded when they are needed and narrowed by name. */
import { useEffect, useMemo } from "react";
import type { Friend, ListState } from "@kith/client";
import { useSession } from "../../state/session.tsx";
import { useStore } from "../../state/useStore.ts";

export interface FriendPicker {
  readonly load: ListState<Friend>["load"];
  readonly all: readonly Friend[];
  readonly shown: readonly Friend[];
}

export function useFriendPicker(filter: string): FriendPicker {
  const { friends } = useSession();
  const list = useStore(friends.list);
  useEffect(() => {
    // A failure is in the list's own state, where the screen shows it.
    friends.load().catch(() => undefined);
  }, [friends]);
  const shown = useMemo(() => {
    const wanted = filter.trim().toLocaleLowerCase();
    return wanted ? list.items.filter(({ user }) => `${user.displayName} ${user.username}`.toLocaleLowerCase().includes(wanted)) : list.items;
  }, [list, filter]);
  return { load: list.load, all: list.items, shown };
}
