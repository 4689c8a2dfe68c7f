/**
 * Figures, not promises: size of the first load, and times at a processor slowed down four times (SLOWDOWN chooses), in two
 * accounts: one with a room of 10,000 messages, one with 2,000 rooms. `npm run figures` prints them, first how fast the machine
 * is without the slow-down; KITH_BIN names a release build.
 */
import { gzipSync } from "node:zlib";
import type { BrowserContext, Page } from "@playwright/test";
import { bubble, composer, countKept, expect, signIn, test } from "./support/journey.ts";
import { benchmarkIndex } from "./support/machine.ts";
import { keepPriority } from "./support/priority.ts";
import { Person } from "./support/person.ts";
import { fillRoom } from "./support/seed.ts";
import { WireTap } from "./support/wireTap.ts";

const slowdown = Number(process.env["SLOWDOWN"] ?? 4);

test("how fast the machine is", async ({ open }) => {
  const page = await open();
  await keepPriorityOf(page);
  console.log(`  benchmark index at full speed ${(await benchmarkIndex(page)).toFixed(0)}, slowed down ${slowdown} times below`);
});

test("figures of the first load and a long room", async ({ kith, open }) => {
  test.setTimeout(300_000);
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const long = await ann.openDirect(ben);
  await fillRoom(kith.api, ben, [long], 10_000);
  await ann.readAll(long);
  const others = await Promise.all(Array.from({ length: 7 }, (_, index) => ann.createGroup(`Other ${index + 1}`, [ben])));
  await fillRoom(kith.api, ben, others, 350);
  for (const room of others) await ann.readAll(room);
  const page = await open();
  await slow(page);
  const scripts = new Set<string>();
  page.on("request", (request) => { if (/\/assets\/.*\.js$/.test(request.url())) scripts.add(request.url()); });

  await page.goto("/signin");
  tell("first visit to interactive, ms", await interactive(page), 2000);
  await signIn(page, ann.username, Person.password, "/signin");
  await expect(page.getByRole("link", { name: /Ben Brandt/ })).toBeVisible();
  const sizes = await Promise.all([...scripts].map(async (url) => gzipSync(await (await fetch(url)).text(), { level: 9 }).length));
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.reload();
  await page.getByRole("link", { name: /Ben Brandt/ }).waitFor();

  tell("first load, kB of script (gzip)", sizes.reduce((sum, size) => sum + size, 0) / 1000, 100);
  tell("next visit to interactive room list, ms", await interactive(page), 2000);
  tell("back to one of the last rooms, ms", await roomSwitch(page, [long, ...others.slice(0, 1)], 6), 100);
  tell("to a room of the store, ms", await roomSwitch(page, [long, ...others], 2), 100);
  tell("key to paint in 10,000 messages, ms (median)", await keyToPaint(page, long), 50);
});

test("figures of 2,000 rooms", async ({ kith, browser }) => {
  test.setTimeout(300_000);
  const tap = await WireTap.before(kith.url);
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const rooms: string[] = [];
  for (let start = 0; start < 2000; start += 20) rooms.push(...(await Promise.all(Array.from({ length: 20 }, (_, index) => ann.createGroup(`Room ${start + index + 1}`, [ben])))));
  await fillRoom(kith.api, ben, rooms, rooms.length);
  const context = await browser.newContext({ baseURL: tap.url, locale: "en-GB" });
  const page = await context.newPage();
  await signIn(page, ann.username, Person.password, "/messages");
  const tile = (of: Page) => of.getByRole("navigation", { name: "Messages" }).getByRole("link").first();
  await tile(page).waitFor();
  await expect.poll(() => countKept(page, "rooms"), { timeout: 60_000 }).toBe(rooms.length);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.reload();
  await tile(page).waitFor();
  await page.close();

  const warm = async (rate: number): Promise<{ readonly list: number; readonly bytes: number }> => {
    tap.taken();
    const again = await warmStart(context, rate);
    const list = await again.evaluate(() => (window as unknown as { listReady: Promise<number> }).listReady);
    await quiet(again);
    await again.close();
    return { list, bytes: tap.taken() };
  };
  tell("2,000 rooms: list on the screen, ms", (await warm(slowdown)).list, 1000);
  const plain = await warm(1);
  tell("the same at full speed, ms", plain.list, 1000);
  tell("2,000 rooms: kB both ways at a warm start", plain.bytes / 1000, 100);
  await context.close();
  tap.close();
});

/** At once, so that what was measured is not lost with what could not be. */
function tell(name: string, measured: number, aim: number): void {
  console.log(`${measured <= aim ? "  " : "! "}${name.padEnd(48)} ${measured.toFixed(measured < 10 ? 1 : 0).padStart(6)}   aim ${aim}`);
}

async function slow(page: Page, rate = slowdown): Promise<void> {
  await keepPriorityOf(page);
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate });
  await page.addInitScript(() => {
    const tasks: number[] = [];
    Object.assign(window, { tasks });
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.startTime + entry.duration))).observe({ type: "longtask", buffered: true });
  });
}

async function keepPriorityOf(page: Page): Promise<void> {
  const browser = page.context().browser();
  if (browser) await keepPriority(browser);
}

/** Waits until no long task has come for two seconds; on a machine that is never quiet, half a minute. */
async function quiet(page: Page): Promise<void> {
  const isQuiet = (): Promise<boolean> => page.evaluate(() => performance.now() - ((window as unknown as { tasks: readonly number[] }).tasks.at(-1) ?? 0) > 2000);
  await expect.poll(isQuiet, { timeout: 30_000 }).toBe(true).catch(() => console.log("  (long tasks without end: the machine is busy)"));
}

/** From the start of the navigation to the first paint with content after whose long tasks two seconds are quiet. */
async function interactive(page: Page): Promise<number> {
  await quiet(page);
  return page.evaluate(() => {
    const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN;
    return Math.max(painted, (window as unknown as { tasks: readonly number[] }).tasks.at(-1) ?? 0);
  });
}

/** A new page of somebody who was here before; `listReady` tells when the first tile was painted. */
async function warmStart(context: BrowserContext, rate: number): Promise<Page> {
  const page = await context.newPage();
  await slow(page, rate);
  await page.addInitScript(() => {
    const listReady = new Promise<number>((done) => {
      const look = (): void => {
        if (document.querySelector("nav a[href^='/chat/']")) requestAnimationFrame(() => done(performance.now()));
        else requestAnimationFrame(look);
      };
      look();
    });
    Object.assign(window, { listReady });
  });
  await page.goto("/messages");
  return page;
}

/** Each room once to warm, then one after the other, measured inside the page: the median. */
async function roomSwitch(page: Page, rooms: readonly string[], rounds: number): Promise<number> {
  await page.goto("/messages");
  for (const room of rooms) await openFromList(page, room);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const room of rooms) {
      await quiet(page);
      times.push(await openFromList(page, room));
    }
  }
  return median(times);
}

function median(times: readonly number[]): number {
  return times.toSorted((one, two) => one - two)[Math.floor(times.length / 2)] ?? Number.NaN;
}

async function openFromList(page: Page, room: string): Promise<number> {
  await page.evaluate(() => history.pushState(null, "", "/messages"));
  await page.locator(`a[href="/chat/${room}"]`).first().waitFor();
  return page.evaluate((id) => new Promise<number>((done) => {
    const start = performance.now();
    document.querySelector<HTMLElement>(`a[href="/chat/${id}"]`)?.click();
    const look = (): void => {
      // Conversations that are kept for later are in the document, but not visible.
      if ([...document.querySelectorAll("article[data-seq]")].some((article) => article.checkVisibility())) requestAnimationFrame(() => done(performance.now() - start));
      else requestAnimationFrame(look);
    };
    look();
  }), room);
}

async function keyToPaint(page: Page, room: string): Promise<number> {
  await page.goto(`/chat/${room}`);
  await expect(bubble(page, "message 10000 ")).toBeVisible();
  await quiet(page);
  await composer(page).focus();
  await page.evaluate(() => {
    const times: number[] = [];
    Object.assign(window, { times });
    document.addEventListener("keydown", () => {
      const start = performance.now();
      requestAnimationFrame(() => setTimeout(() => times.push(performance.now() - start)));
    }, true);
  });
  await composer(page).pressSequentially("the quick brown fox jumps", { delay: 80 });
  return median(await page.evaluate(() => (window as unknown as { times: number[] }).times));
}
