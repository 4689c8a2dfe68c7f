/** With the keyboard alone: the order of the focus, what takes it, and where it goes back to. */
import type { Page } from "@playwright/test";
import { bubble, composer, expect, say, signIn, test } from "./support/journey.ts";
import { Person } from "./support/person.ts";

test("the sign-in form is walked through in reading order", async ({ open }) => {
  const page = await open();
  await page.goto("/signin");
  await expect(page.getByLabel("Username")).toBeVisible();

  expect(await walk(page, 5)).toEqual(["Username", "Password", "Show password", "Sign in", "Create account"]);
});

test("a conversation is found, opened, answered and left without a mouse", async ({ kith, open, isMobile }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  await ben.send(room, "hello Ann");
  const page = await open();
  await signIn(page, ann.username, Person.password, "/messages");
  await expect(page.getByRole("link", { name: /Ben Brandt/ })).toBeVisible();
  // What the server offers is asked once at the start, and may come after the rooms.
  await expect(page.getByRole("link", { name: "Find" })).toBeVisible();

  // Past the navigation by the first stop, through it by the next ones, then the list.
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  const stops = await walk(page, 8);
  expect(stops.slice(0, 5)).toEqual(["Skip to content", expect.stringMatching(/Messages$/), "Friends", "Find", "Settings"]);
  expect(stops.slice(5, 7)).toEqual(["New chat", "Search conversations"]);
  expect(stops[7]).toMatch(/Ben Brandt/);

  // Opening takes the focus along; from there the header, the history and the composer follow.
  await page.keyboard.press("Enter");
  await expect(bubble(page, "hello Ann")).toBeVisible();
  await expect(page.getByRole("main")).toBeFocused();
  const inside = await walk(page, isMobile ? 6 : 5);
  expect(inside.filter((name) => name !== "Message options")).toEqual([...(isMobile ? ["Back"] : []), expect.stringMatching(/Ben Brandt/), "Messages", "Emoji", "Message"]);

  // A message's menu: in by Enter, through by arrows, out by Escape, back to where it came from.
  const options = bubble(page, "hello Ann").getByRole("button", { name: "Message options" });
  await options.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem", { name: "Reply" })).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("menuitem", { name: "Copy text" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(options).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem", { name: "Reply" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(composer(page)).toBeFocused();
  await expect(page.getByText("Replying to Ben Brandt")).toBeVisible();
  await say(page, "hello Ben");
  await expect(composer(page)).toBeFocused();

  // The emoji panel takes the focus and gives it back.
  await page.getByRole("button", { name: "Emoji" }).focus();
  await page.keyboard.press("Enter");
  await expect(isMobile ? page.getByRole("dialog", { name: "Emoji" }) : page.getByRole("searchbox", { name: "Search emoji" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(composer(page)).toBeFocused();

  // Escape outside of the composer leads back to the list.
  await page.getByRole("feed").focus();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/messages$/);
});

test("a dialog keeps the focus inside and gives it back; tabs and choices follow the arrows", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const page = await open();
  await signIn(page, ann.username, Person.password, "/settings");
  const leave = page.getByRole("button", { name: "Sign out" });
  await leave.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  for (let stop = 0; stop < 6; stop += 1) {
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement === document.body || document.activeElement?.closest("dialog") !== null)).toBe(true);
  }
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(leave).toBeFocused();

  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();

  await page.goto("/friends/requests");
  await page.getByRole("tab", { name: "Received" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tab", { name: "Sent" })).toBeFocused();
  await expect(page.getByText("Nothing is waiting")).toBeVisible();
});

test("Escape leads back from everything that was opened, unless there is something to lose", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  const page = await open();
  await signIn(page, ann.username, Person.password, "/new");
  const search = page.getByRole("textbox", { name: "Search friends" });
  await expect(search).toBeFocused();

  await search.fill("Ben");
  await page.keyboard.press("Escape");
  await expect(search).toHaveValue("");
  await expect(page).toHaveURL(/\/new$/);
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/messages$/);

  const steps = [
    ["/new/group", "New group", "/new"], ["/messages/archived", "Archived", "/messages"], [`/chat/${room}/info`, "About this chat", `/chat/${room}`],
    ["/friends/requests", "Requests", "/friends"], ["/settings/privacy", "Privacy", "/settings"], ["/settings/none", "There is nothing here", "/messages"],
  ] as const;
  for (const [from, heading, to] of steps) {
    await page.evaluate((path) => history.pushState(null, "", path), from);
    await expect(page.getByRole("heading", { name: heading, exact: true })).toBeVisible();
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.keyboard.press("Escape");
    await expect(page, from).toHaveURL(new RegExp(`${to}$`));
  }

  // A profile goes back to the list that it was opened from.
  await page.evaluate(() => history.pushState(null, "", "/friends"));
  await page.getByRole("link", { name: /Ben Brandt/ }).click();
  await expect(page).toHaveURL(/\/people\//);
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/friends$/);

  await page.evaluate(() => history.pushState(null, "", "/new/group"));
  await page.getByLabel("Group name").fill("Climbing");
  await page.keyboard.press("Escape");
  await expect(page.getByLabel("Group name")).toHaveValue("Climbing");
});

/** Presses Tab so often, and tells what had the focus each time. */
async function walk(page: Page, stops: number): Promise<readonly string[]> {
  const names: string[] = [];
  for (let stop = 0; stop < stops; stop += 1) {
    await page.keyboard.press("Tab");
    names.push(await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const label = element.id ? document.querySelector(`label[for="${element.id}"]`)?.textContent : null;
      return (label ?? element.getAttribute("aria-label") ?? element.innerText).replaceAll(/\s+/g, " ").trim();
    }));
  }
  return names;
}
