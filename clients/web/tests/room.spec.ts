/** A long room, a hostile room, and a link into the past. */
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

test("a room opens where reading ended, says who came and how it is called, and counts down while one reads on", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  const cem = await Person.register(kith.api, "Cem Celik");
  for (const friend of [ann, cem]) await ben.befriend(friend);
  const room = await ben.createGroup("Climbing", [ann]);
  for (let at = 1; at <= 30; at += 1) await ben.send(room, `message ${at} ${"and some more words ".repeat(at % 4)}`);
  await ann.readAll(room);
  await ben.call("POST", `/chat/rooms/${room}/participants`, { user_ids: [cem.id] });
  for (let at = 31; at <= 60; at += 1) await ben.send(room, `message ${at} ${"and some more words ".repeat(at % 4)}`);
  await ben.call("PATCH", `/chat/rooms/${room}`, { name: "Bouldering" });
  const page = await open();
  await signIn(page, ann.username, Person.password, "/messages");
  await page.getByRole("link", { name: /Bouldering/ }).click();

  await expect(page.getByText("New messages", { exact: true })).toBeInViewport();
  await expect(page.getByText("Cem Celik joined")).toBeInViewport();
  await expect(bubble(page, "message 31 ")).toBeInViewport();
  await expect(bubble(page, "message 60 ")).toBeHidden();
  await page.getByRole("button", { name: "Jump to the newest message" }).click();
  await expect(page.getByText("Ben Brandt named the group “Bouldering”")).toBeInViewport();
  await page.evaluate(() => history.pushState(null, "", "/messages"));
  await expect(page.getByRole("link", { name: /Bouldering/ })).not.toContainText("unread");
});

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

test("a long room that the device holds already opens at its end", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  await fillRoom(kith.api, ben, [room], 300);
  await ann.readAll(room);
  const page = await open();
  await signIn(page, ann.username, Person.password, `/chat/${room}`);
  await expect(bubble(page, "message 300 ")).toBeInViewport();
  await page.getByRole("feed").hover();
  await expect(async () => {
    await page.mouse.wheel(0, -4000);
    await expect(bubble(page, "message 1 ")).toBeVisible({ timeout: 200 });
  }).toPass();

  // Nothing is left in memory; the room comes from the store.
  await page.goto("/messages");
  await page.getByRole("link", { name: /Ben Brandt/ }).click();

  await expect(bubble(page, "message 300 ")).toBeInViewport();
  await expect.poll(() => page.getByRole("feed").evaluate((list) => list.scrollHeight - list.scrollTop - list.clientHeight)).toBeLessThan(2);
});

test("hostile messages neither run nor break the layout", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben <b>Brandt</b>");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  const zalgo = `Z${"\u0301\u0316\u0329\u0353".repeat(120)}a${"\u0338\u0489".repeat(120)}lgo`;
  const hostile = ['<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>', "\u202Egnp.exe\u202C \u2067\u200F trick", "😀".repeat(4000), "W".repeat(3999), zalgo, "javascript:alert(1) https://example.com/?q=<script>", "a\n".repeat(1500)];
  for (const text of hostile) await ben.send(room, text);
  const page = await open();
  await signIn(page, ann.username, Person.password, `/chat/${room}`);
  await expect(page.getByRole("article").first()).toBeVisible();

  for (const _ of hostile) {
    const width = await page.evaluate(() => ({ page: document.documentElement.scrollWidth, room: innerWidth, widest: Math.max(...[...document.querySelectorAll("article > div")].map((item) => item.getBoundingClientRect().right)) }));
    expect(width.page).toBeLessThanOrEqual(width.room);
    expect(width.widest).toBeLessThanOrEqual(width.room);
    await page.getByRole("feed").hover();
    await page.mouse.wheel(0, -600);
  }
  expect(await page.title()).not.toContain("owned");
  expect(await page.locator("article img, article script").count()).toBe(0);
  await page.getByRole("button", { name: "Read more" }).first().click();
  await page.goto("/messages");
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

test("a refused send says why and keeps the words; too long a text cannot be sent", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  const page = await open();
  await signIn(page, ann.username, Person.password, `/chat/${room}`);

  await composer(page).fill("x".repeat(4001));
  await expect(page.getByRole("button", { name: "Send" })).toBeDisabled();
  await composer(page).fill("fine again");
  await ben.call("POST", `/friends/block/${ann.id}`);
  await composer(page).press("Enter");

  await expect(page.getByText("Not sent: Their privacy settings do not allow this.")).toBeVisible();
  await ben.call("DELETE", `/friends/block/${ann.id}`);
  await ann.befriend(ben);
  await page.getByRole("button", { name: "Send again" }).click();
  await expect(bubble(page, "fine again").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
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
