/** Keys: N new chat, / search, Alt+arrow to the next conversation, Escape back, ? says so. Never while somebody types. */
import { useLayoutEffect } from "react";
import { useLocation } from "wouter";
import { shortcutsShown } from "../state/shortcuts.ts";
import { useSession } from "../state/session.tsx";

/** `back` is where Escape leads from here. */
export function useShortcuts(back: string | null): void {
  const [path, navigate] = useLocation();
  const { rooms } = useSession();
  // At once: a key right after an opening is meant for what is on the screen.
  useLayoutEffect(() => {
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
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) && !(event.key === "Escape" && isEmptySearch(event.target))) return;
      if (event.key === "n") navigate("/new");
      else if (event.key === "?") shortcutsShown.set(true);
      else if (event.key === "/") document.querySelector<HTMLElement>("[role=search] input")?.focus();
      else if (event.key === "Escape" && back) navigate(back);
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [path, back, navigate, rooms]);
}

function isTyping(target: EventTarget | null): target is HTMLElement {
  return target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** A list's search has the focus from the start; until something is typed there is nothing to lose. */
function isEmptySearch(target: HTMLElement): boolean {
  return target instanceof HTMLInputElement && target.value === "" && target.closest("[role=search]") !== null;
}
