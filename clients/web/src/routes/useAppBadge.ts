/** The number on the installed app's icon and in the window's title. */
import { useEffect } from "react";
import { useUnreadRooms } from "../features/rooms/roomsViewModel.ts";

export function useAppBadge(): void {
  const unread = useUnreadRooms();
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) Kith` : "Kith";
    // Only an installed app may have a badge; elsewhere the browser refuses, which is fine.
    const set = unread > 0 ? navigator.setAppBadge?.(unread) : navigator.clearAppBadge?.();
    set?.catch(() => undefined);
  }, [unread]);
  useEffect(() => () => {
    document.title = "Kith";
    navigator.clearAppBadge?.().catch(() => undefined);
  }, []);
}
