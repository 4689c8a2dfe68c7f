/**
 * Chromium gives its processes a priority of its own. On a machine that has other work, a figure then says more about
 * that work than about the page; here they keep the priority that the figures were started with.
 */
import { readdir } from "node:fs/promises";
import { getPriority, setPriority } from "node:os";
import type { Browser } from "@playwright/test";

export async function keepPriority(browser: Browser): Promise<void> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  for (const { id } of processInfo) {
    // Each thread has its own; one that has just ended, or another system than Linux, is left alone.
    for (const thread of await readdir(`/proc/${id}/task`).catch(() => [])) {
      try {
        setPriority(Number(thread), getPriority());
      } catch {
        continue;
      }
    }
  }
}
