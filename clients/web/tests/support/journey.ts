/** What every journey starts with: one Kith per worker, pages that fail on any console error, and the usual first steps. */
import { test as base, expect, type Browser, type BrowserContext, type Page } from "@playwright/test";
import { Kith } from "./kith.ts";
import { Person } from "./person.ts";

export { expect };

interface WorkerFixtures {
  readonly kith: Kith;
  /** The same, with the people and the talk of `kith demo`. */
  readonly demo: Kith;
}

interface TestFixtures {
  /** A new browser of its own, logged out. */
  readonly open: () => Promise<Page>;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  kith: [async ({}, use) => {
    const kith = await Kith.start();
    await use(kith);
    await kith.stop();
  }, { scope: "worker", timeout: 120_000 }],
  // Three thousand messages, one after the other: how long that takes is no matter of the journeys.
  demo: [async ({ kith }, use) => {
    await kith.makeDemo();
    await use(kith);
  }, { scope: "worker", timeout: 600_000 }],
  open: async ({ browser, kith }, use, info) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await newContext(browser, kith.url, info.project.use);
      contexts.push(context);
      return watched(await context.newPage());
    });
    await Promise.all(contexts.map((context) => context.close()));
  },
});

function newContext(browser: Browser, baseURL: string, options: object): Promise<BrowserContext> {
  return browser.newContext({ ...options, baseURL });
}

/**
 * A refused address, a script error or a call to anybody else is a bug, also when the screen looks right. A network that is
 * away is not.
 */
export function watched(page: Page): Page {
  const expected = /Failed to load resource|ERR_|WebSocket connection|net::/;
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (/^(?:https?|wss?):$/.test(protocol) && hostname !== "127.0.0.1") throw new Error(`asked a third party: ${request.url()}`);
  });
  page.on("pageerror", (error) => { throw error; });
  page.on("console", (message) => {
    if (message.type() === "error" && !expected.test(message.text())) throw new Error(`console: ${message.text()}`);
  });
  return page;
}

export async function signUp(page: Page, displayName: string): Promise<string> {
  const username = Person.freshName(displayName.split(" ")[0] ?? "p");
  await page.goto("/signup");
  await page.getByLabel("Your name").fill(displayName);
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(Person.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("heading", { name: "Messages" })).toBeVisible();
  return username;
}

export async function signIn(page: Page, username: string, password: string = Person.password, path = "/signin"): Promise<void> {
  await page.goto(path);
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByLabel("Username")).toBeHidden();
}

export const composer = (page: Page) => page.getByRole("textbox", { name: "Message" });
/** The message of these words; what answers to it, and quotes it, comes later. */
export const bubble = (page: Page, text: string) => page.getByRole("article").filter({ hasText: text }).first();

export async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press("Enter");
  await expect(bubble(page, text)).toBeVisible();
}

export async function pick(page: Page, text: string, item: string): Promise<void> {
  await bubble(page, text).hover();
  await bubble(page, text).getByRole("button", { name: "Message options" }).click({ force: true });
  await page.getByRole("menuitem", { name: item }).click();
}

/**
 * Whether these words are on the device's disk, in one of these stores: `messages`, `outbox` or `drafts`. What a room's tile
 * shows of its last message does not count.
 */
export function isKept(page: Page, words: string): Promise<boolean> {
  return kept(page, ["messages", "outbox", "drafts"], words).then((count) => count > 0);
}

/** How many entries a store on the device's disk has. */
export const countKept = (page: Page, store: string): Promise<number> => kept(page, [store], "");

function kept(page: Page, stores: readonly string[], words: string): Promise<number> {
  return page.evaluate(async ({ wanted, among }) => {
    const done = <T>(request: IDBRequest<T>): Promise<T> => new Promise((resolve, reject) => {
      request.addEventListener("success", () => resolve(request.result));
      request.addEventListener("error", () => reject(request.error));
    });
    let count = 0;
    for (const { name = "" } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name));
      const all = await Promise.all(among.map((store) => done(database.transaction(store).objectStore(store).getAll())));
      database.close();
      count += all.flat().filter((entry) => JSON.stringify(entry).includes(wanted)).length;
    }
    return count;
  }, { wanted: words, among: stores });
}
