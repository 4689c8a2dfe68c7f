/** A hand that pulls a conversation away from its newest message. */
import type { Page } from "@playwright/test";
import { bubble, expect, signIn, test } from "./support/journey.ts";
import { Person } from "./support/person.ts";
import { fillRoom } from "./support/seed.ts";

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
  await page.getByRole("button", { name: /newest message/ }).click();
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
