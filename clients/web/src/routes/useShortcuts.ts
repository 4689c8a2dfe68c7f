/** Keys: N new chat, / search, Alt+arrow to the next conversation, Escape back to the list, ? says so. Never while somebody types. */
import { useEffect } from "react";
import { useLocation } from "wouter";
import { shortcutsShown } from "../state/shortcuts.ts";
import { useSession } from "../state/session.tsx";

export function useShortcuts(): void {
  const [path, navigate] = useLocation();
  const { rooms } = useSession();
  useEffect(() => {
    const step = (by: number): void => {
      const list = rooms.list.getSnapshot().items.filter((room) => !room.isArchived);
      const at = list.findIndex((room) => path.startsWith(`/chat/${room.id}`));
      const next = list[at < 0 ? 0 : Math.min(list.length - 1, Math.max(0, at + by))];
      if (next) navigate(`/chat/${next.id}`);
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
      if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
        event.preventDefault();
        return step(event.key === "ArrowDown" ? 1 : -1);
      }
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "n") navigate("/new");
      else if (event.key === "?") shortcutsShown.set(true);
      else if (event.key === "/") document.querySelector<HTMLElement>("[role=search] input")?.focus();
      else if (event.key === "Escape" && path.startsWith("/chat/")) navigate(path.endsWith("/info") ? path.slice(0, -5) : "/messages");
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [path, navigate, rooms]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
