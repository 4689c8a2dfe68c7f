/** Figures, not promises: size of the first load, and times at a processor slowed down four times. `npm run figures` prints them. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "@playwright/test";
import { bubble, composer, expect, signIn, test } from "./support/journey.ts";
import { Person } from "./support/person.ts";
import { fillRoom } from "./support/seed.ts";

const assets = join(import.meta.dirname, "../dist/assets");

test("figures", async ({ kith, open }) => {
  test.setTimeout(300_000);
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const long = await ann.openDirect(ben);
  await fillRoom(kith.api, ben, long, 10_000);
  await ann.readAll(long);
  const other = await ann.createGroup("Other", [ben]);
  await ben.send(other, "something short");
  const page = await open();
  const loaded = new Set<string>();
  page.on("response", (response) => { if (response.url().endsWith(".js")) loaded.add(new URL(response.url()).pathname.split("/").at(-1) ?? ""); });
  await signIn(page, ann.username);
  await expect(page.getByRole("link", { name: /Ben Brandt/ })).toBeVisible();
  const files = (await readdir(assets)).filter((name) => loaded.has(name));
  const sizes = await Promise.all(files.map(async (name) => gzipSync(await readFile(join(assets, name)), { level: 9 }).length));
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });

  const figures = {
    "first load, kB of script (gzip)": sizes.reduce((sum, size) => sum + size, 0) / 1000,
    "warm start to room list, ms": await timed(async () => {
      await page.reload({ waitUntil: "commit" });
      await page.getByRole("link", { name: /Ben Brandt/ }).waitFor();
    }),
    "room switch from cache, ms": await roomSwitch(page, [long, other]),
    "key to paint in 10,000 messages, ms (median)": await keyToPaint(page, long),
  };
  console.table(figures);
});

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Each room once to warm, then the second visit measured inside the page. */
async function roomSwitch(page: Page, rooms: readonly string[]): Promise<number> {
  for (const room of [...rooms, ...rooms]) {
    await page.goto(`/chat/${room}`);
    await expect(page.getByRole("article").first()).toBeVisible();
  }
  await page.goto("/messages");
  await page.getByRole("link", { name: /Ben Brandt/ }).waitFor();
  return page.evaluate((room) => new Promise<number>((done) => {
    const start = performance.now();
    document.querySelector<HTMLElement>(`a[href="/chat/${room}"]`)?.click();
    const look = (): void => {
      if (document.querySelector("article[data-seq]")) requestAnimationFrame(() => done(performance.now() - start));
      else requestAnimationFrame(look);
    };
    look();
  }), rooms[0] ?? "");
}

async function keyToPaint(page: Page, room: string): Promise<number> {
  await page.goto(`/chat/${room}`);
  await expect(bubble(page, "message 10000 ")).toBeVisible();
  await composer(page).focus();
  await page.evaluate(() => {
    const times: number[] = [];
    Object.assign(window, { times });
    document.addEventListener("keydown", () => {
      const start = performance.now();
      requestAnimationFrame(() => setTimeout(() => times.push(performance.now() - start)));
    }, true);
  });
  await composer(page).pressSequentially("the quick brown fox", { delay: 80 });
  const times = await page.evaluate(() => (window as unknown as { times: number[] }).times.toSorted((one, two) => one - two));
  return times[Math.floor(times.length / 2)] ?? Number.NaN;
}
