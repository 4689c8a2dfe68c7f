/** The browser's offer to install Kith, kept until the person asks for it. */
import { cell } from "./cell.ts";

interface InstallPrompt extends Event {
  prompt(): Promise<{ readonly outcome: string }>;
}

export const installer = cell<(() => Promise<void>) | null>(null);

export function watchInstaller(): void {
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    installer.set(async () => {
      await (event as InstallPrompt).prompt();
      installer.set(null);
    });
  });
  window.addEventListener("appinstalled", () => installer.set(null));
}
