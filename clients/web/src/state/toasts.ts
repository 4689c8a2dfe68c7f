/** Short notes to the person, shown one under another for a while. */
import type { Toast } from "../ui/Toasts.tsx";
import { cell } from "./cell.ts";

export const toasts = cell<readonly Toast[]>([]);

let last = 0;
/** Long enough to read twice; notes with an action stay until they are answered. */
const shownMs = 6000;

export function toast(kind: Toast["kind"], text: string, action?: Toast["action"]): number {
  const id = ++last;
  toasts.set([...toasts.getSnapshot().slice(-2), { id, kind, text, ...(action ? { action } : {}) }]);
  if (!action) setTimeout(() => closeToast(id), shownMs);
  return id;
}

export function closeToast(id: number): void {
  toasts.set(toasts.getSnapshot().filter((item) => item.id !== id));
}
