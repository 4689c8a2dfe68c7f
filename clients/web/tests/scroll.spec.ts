/** Where a conversation stands: at its end, at its unread line, in a hand, at a message that a link leads to. */
import type { Page } from "@playwright/test";
import { bubble, composer, expect, signIn, test } from "./support/journey.ts";
import { Person } from "./support/person.ts";
import { fillRoom } from "./support/seed.ts";

const total = 10_000;

test("a room of 10,000 messages opens at the newest, scrolls back without jumps, and a link leads into its middle", async ({ kith, open }) => {
  test.setTimeout(150_000);
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  await fillRoom(kith.api, ben, [room], total);
  await ann.readAll(room);
  const page = await open();
  await signIn(page, ann.username, Person.password, `/chat/${room}`);
  await expect(bubble(page, `message ${total} `)).toBeVisible();
  expect(await page.getByRole("article").count()).toBeLessThan(60);

  // Up for a while, so that history comes in above several times; what is on the screen must not move by itself.
  await page.getByRole("feed").hover();
  const toNewest = page.getByRole("button", { name: "Jump to the newest message" });
  await page.mouse.wheel(0, -100);
  await expect(toNewest).toBeVisible();
  const drift = await page.evaluate(wander, 25);
  expect(drift.worst).toBeLessThanOrEqual(2);
  expect(drift.passed).toBeGreaterThan(100);

  await toNewest.click();
  await expect(bubble(page, `message ${total} `)).toBeInViewport();
  await expect(toNewest).toBeHidden();
  // A hand takes hold; before the list has moved, something else has it look where it stands.
  await page.getByRole("feed").evaluate((list) => {
    list.dispatchEvent(new WheelEvent("wheel", { deltaY: -300, bubbles: true }));
    window.dispatchEvent(new Event("focus"));
    list.scrollBy(0, -300);
  });
  await expect(toNewest).toBeVisible();
  await page.goto(`/chat/${room}?m=5001`);
  await expect(page.locator('[data-seq="5001"]')).toBeInViewport();
  await page.getByRole("button", { name: "Jump to the newest message" }).click();
  await expect(bubble(page, `message ${total} `)).toBeInViewport();
});

test("a pull from the newest message takes the list along, by wheel, key and finger, and loses nothing to what comes in above", async ({ kith, open }, { project }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  await fillRoom(kith.api, ben, [room], 400);
  await ann.readAll(room);
  const page = await open();
  const gate = await holdOlder(page);
  await signIn(page, ann.username, Person.password, `/chat/${room}`);
  await expect(bubble(page, "message 400 ")).toBeVisible();
  const feed = page.getByRole("feed");
  const toNewest = page.getByRole("button", { name: "Jump to the newest message" });
  await page.evaluate(measureWay);

  // Each page comes in while the wheel turns.
  await feed.hover();
  for (let tick = 1; tick <= 30; tick += 1) {
    await page.mouse.wheel(0, -70);
    if (tick % 4 === 0) gate.letOne();
  }
  await expect.poll(() => page.evaluate(wayGone)).toBeGreaterThan(30 * 70 - 3);
  expect(await page.evaluate(wayGone)).toBeLessThan(30 * 70 + 3);
  gate.letAll();

  // A key begins slowly: the first moves are smaller than what counts as being at the end.
  await toNewest.click();
  await expect(toNewest).toBeHidden();
  await feed.press("PageUp");
  await expect(toNewest).toBeVisible();
  await ben.send(room, "news");
  await expect(page.getByRole("button", { name: /newest message/ })).toContainText("1");
  await expect(bubble(page, "news")).not.toBeInViewport();

  if (project.name !== "phone") return;
  await toNewest.click();
  await expect(toNewest).toBeHidden();
  await drag(page, 90);
  await expect(toNewest).toBeVisible();
});

/** Holds pages of older messages back until they are let through. */
async function holdOlder(page: Page): Promise<{ readonly letOne: () => void; readonly letAll: () => void }> {
  const waiting: (() => void)[] = [];
  let isOpen = false;
  await page.route(/\/chat\/messages\/.*before=/, async (route) => {
    if (!isOpen) await new Promise<void>((go) => { waiting.push(go); });
    await route.continue();
  });
  return {
    letOne: () => waiting.shift()?.(),
    letAll: () => {
      isOpen = true;
      for (const go of waiting.splice(0)) go();
    },
  };
}

/** Adds up, frame by frame, how far the messages on the screen have moved. */
function measureWay(): void {
  const tops = (): Map<string, number> => new Map([...document.querySelectorAll<HTMLElement>("article[data-seq]")].filter((item) => item.checkVisibility()).map((item) => [item.dataset["seq"] ?? "", item.getBoundingClientRect().top]));
  let before = tops();
  let way = 0;
  const frame = (): void => {
    const now = tops();
    const seen = [...now].filter(([seq, top]) => before.has(seq) && top > 100 && top < innerHeight - 100);
    const [seq, top] = seen[Math.floor(seen.length / 2)] ?? [];
    if (seq !== undefined && top !== undefined) way += top - (before.get(seq) ?? top);
    before = now;
    document.documentElement.dataset["way"] = String(way);
    requestAnimationFrame(frame);
  };
  frame();
}

const wayGone = (): number => Number(document.documentElement.dataset["way"]);

/** A finger that pulls the list down, slowly. */
async function drag(page: Page, px: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const x = 200;
  const from = 300;
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x, y: from }] });
  for (let moved = 6; moved <= px; moved += 6) await session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [{ x, y: from + moved }] });
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

/** A room in which 120 messages are unread, more than two pages. */
async function longUnread(api: string): Promise<{ ann: Person; room: string }> {
  const ann = await Person.register(api, "Ann Ahlers");
  const ben = await Person.register(api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  await fillRoom(api, ben, [room], 20);
  await ann.readAll(room);
  for (let at = 1; at <= 120; at += 1) await ben.send(room, `unread ${at} ${"and some more words ".repeat(at % 4)}`);
  return { ann, room };
}

/** What comes late, so that the room is opened in another order than on a fast network. */
const LATE: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  nothing: async () => {},
  "the room itself": async (page) => {
    const messages = page.waitForResponse(/\/chat\/messages\//);
    await page.route(/\/chat\/rooms\//, async (route) => {
      await messages;
      await route.continue();
    });
  },
  "what stands above": async (page) => {
    // Longer than a place is kept whatever happens.
    const isLate = (askedAt: number): boolean => performance.now() > askedAt + 3000;
    await page.route(/\/chat\/messages\/.*before=/, async (route) => {
      await page.waitForFunction(isLate, await page.evaluate(() => performance.now()));
      await route.continue();
    });
  },
};

for (const [late, delay] of Object.entries(LATE)) {
  test(`with more to read than a page holds, the room opens at the line all the same; late is ${late}`, async ({ kith, open }) => {
    const { ann, room } = await longUnread(kith.api);
    const page = await open();
    await delay(page);
    await signIn(page, ann.username, Person.password, `/chat/${room}`);
    await expect(page.getByText("New messages", { exact: true })).toBeInViewport();
    await expect(bubble(page, "unread 1 ")).toBeInViewport();
    await expect(bubble(page, "unread 60 ")).toBeHidden();
  });
}

test("going back to a room shows it as it was left; what comes meanwhile stays unread until then", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const [first, second] = [await ben.createGroup("Climbing", [ann]), await ben.createGroup("Cooking", [ann])];
  for (let at = 1; at <= 40; at += 1) await ben.send(first, `message ${at} ${"and some more words ".repeat(at % 4)}`);
  await ben.send(second, "soup");
  for (const room of [first, second]) await ann.readAll(room);
  const page = await open();
  await signIn(page, ann.username, Person.password, "/messages");
  const go = async (name: RegExp): Promise<void> => {
    await page.evaluate(() => history.pushState(null, "", "/messages"));
    await page.getByRole("link", { name }).click();
  };
  const middle = () => page.evaluate(() => {
    const item = [...document.querySelectorAll<HTMLElement>("article[data-seq]")].find((each) => each.checkVisibility() && each.getBoundingClientRect().top > innerHeight / 3);
    return { seq: Number(item?.dataset["seq"]), top: item?.getBoundingClientRect().top ?? 0 };
  });

  await go(/Climbing/);
  await expect(bubble(page, "message 40 ")).toBeInViewport();
  await page.getByRole("feed").hover();
  await page.mouse.wheel(0, -900);
  await expect.poll(async () => (await middle()).seq).toBeLessThan(35);
  await composer(page).fill("half a thought");
  const before = await middle();
  await go(/Cooking/);
  await expect(bubble(page, "soup")).toBeInViewport();
  await expect(composer(page)).toHaveValue("");
  await go(/Climbing/);
  await expect(bubble(page, "soup")).toBeHidden();
  const after = await middle();
  expect(after.seq).toBe(before.seq);
  expect(Math.abs(after.top - before.top)).toBeLessThanOrEqual(2);
  await expect(composer(page)).toHaveValue("half a thought");

  await go(/Cooking/);
  await ben.send(first, "something new");
  await page.evaluate(() => history.pushState(null, "", "/messages"));
  await expect(page.getByRole("link", { name: /Climbing/ })).toContainText("1 unread");
  await go(/Climbing/);
  await expect(page.getByText("New messages", { exact: true })).toBeInViewport();
  await expect(bubble(page, "something new")).toBeInViewport();
});

/** Scrolls up step by step; reports by how much anything moved against the finger, and how many messages were passed. */
async function wander(steps: number): Promise<{ readonly worst: number; readonly passed: number }> {
  const list = document.querySelector<HTMLElement>("[role=feed]")!;
  const frame = () => new Promise((done) => { requestAnimationFrame(done); });
  const top = (item: HTMLElement | undefined) => item?.getBoundingClientRect().top ?? 0;
  // What has just come into view is measured first; it rests once nothing has moved for ten frames.
  const rested = async (): Promise<HTMLElement | undefined> => {
    let item: HTMLElement | undefined;
    for (let still = 0, last = Number.NaN; still < 10; ) {
      item = [...document.querySelectorAll<HTMLElement>("article[data-seq]")].find((each) => top(each) > innerHeight / 3);
      await frame();
      still = top(item) === last ? still + 1 : 0;
      last = top(item);
    }
    return item;
  };
  const seq = (item: HTMLElement | undefined) => Number(item?.dataset["seq"]);
  const began = seq(await rested());
  let worst = 0;
  for (let step = 0; step < steps; step += 1) {
    list.scrollBy(0, -600);
    const item = await rested();
    const before = top(item);
    for (let frames = 0; frames < 20; frames += 1) {
      await frame();
      if (item?.isConnected) worst = Math.max(worst, Math.abs(top(item) - before));
    }
  }
  return { worst, passed: began - seq(await rested()) };
}
