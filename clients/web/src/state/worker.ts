/** Registers the service worker, and says when a newer version waits. */
import { cell } from "./cell.ts";

/** Set when an update waits; calling it takes over and loads the page again. */
export const update = cell<(() => void) | null>(null);

export async function startWorker(): Promise<void> {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  try {
    const registration = await navigator.serviceWorker.register("/sw.js");
    offer(registration);
    registration.addEventListener("updatefound", () => {
      registration.installing?.addEventListener("statechange", () => offer(registration));
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") registration.update().catch(() => undefined);
    });
  } catch {
    // Private windows and old browsers: Kith works without, only not offline.
  }
}

function offer(registration: ServiceWorkerRegistration): void {
  const waiting = registration.waiting;
  // Without a controller this is the first visit, not an update.
  if (!waiting || !navigator.serviceWorker.controller) return;
  update.set(() => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    waiting.postMessage("take over");
  });
}
