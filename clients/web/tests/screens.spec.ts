/** Every screen in both themes: a picture of each in target/screens, and axe finds nothing to say. */
import type { Locator, Page, TestInfo } from "@playwright/test";
import { violations } from "./support/axe.ts";
import { expect, signIn, test } from "./support/journey.ts";
import { Person } from "./support/person.ts";

const demo = { username: "ada", password: "demo-password" };
/** Name of the picture, address, heading. */
const signedOut = [["sign-in", "/signin", "Good to see you"], ["sign-up", "/signup", "Find your people"]] as const;
const signedIn = [
  ["messages", "/messages", "Messages"], ["archived", "/messages/archived", "Archived"], ["new-chat", "/new", "New chat"], ["new-group", "/new/group", "New group"],
  ["friends", "/friends", "Friends"], ["requests", "/friends/requests", "Requests"], ["find", "/friends/find", "Find people"],
  ["settings", "/settings", "Settings"], ["settings-profile", "/settings/profile", "Profile"], ["settings-privacy", "/settings/privacy", "Privacy"], ["settings-security", "/settings/security", "Devices and password"],
  ["settings-blocked", "/settings/blocked", "Blocked people"], ["settings-appearance", "/settings/appearance", "Appearance"], ["settings-language", "/settings/language", "Language"],
  ["nothing", "/settings/none", "There is nothing here"],
] as const;

// Making the demo is the half of it where many things build at once.
test.describe.configure({ timeout: 240_000 });

for (const theme of ["light", "dark"] as const) {
  test(`every screen, ${theme}`, async ({ kith, open }, info) => {
    await kith.makeDemo();
    const page = await open();
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    const bad: string[] = [];
    const look = async (name: string): Promise<void> => {
      await picture(page, info, `${theme}-${name}`);
      bad.push(...(await violations(page)).map((text) => `${name}: ${text}`));
    };

    for (const [name, path, heading] of signedOut) {
      await page.goto(path);
      await expect(page.getByRole("heading", { name: heading })).toBeVisible();
      await look(name);
    }
    await signIn(page, demo.username, demo.password, "/messages");
    for (const [name, path, heading] of signedIn) {
      await visit(page, path, page.getByRole("heading", { name: heading, exact: true }));
      await look(name);
    }
    const rooms = await roomsOf(kith.api);
    for (const [index, room] of rooms.entries()) {
      await visit(page, room.href, page.getByRole("region", { name: `Conversation with ${room.name}` }));
      await expect(page.getByRole("article").first()).toBeVisible();
      await look(`chat-${index + 1}`);
    }
    const group = rooms.find((room) => room.kind === "group");
    await visit(page, `${group?.href}/info`, page.getByRole("heading", { name: "Members" }));
    await look("room-info");
    await visit(page, "/friends", page.getByRole("heading", { name: "Friends", exact: true, level: 1 }));
    await page.locator("a[href^='/people/']").first().click();
    await expect(page.getByRole("region", { name: "Profile" }).getByRole("heading", { level: 2 })).toBeVisible();
    await look("profile");
    await visit(page, group?.href ?? "", page.getByRole("region", { name: `Conversation with ${group?.name}` }));
    await page.getByRole("button", { name: "Emoji" }).click();
    await expect(page.getByRole("gridcell").first()).toBeVisible();
    await look("emoji");

    expect(bad).toEqual([]);
  });
}

for (const [locale, words] of [
  ["ar", { username: "اسم المستخدم", password: "كلمة المرور", signIn: "تسجيل الدخول", messages: "الرسائل", friends: "الأصدقاء", settings: "الإعدادات", dir: "rtl" }],
  ["de", { username: "Benutzername", password: "Passwort", signIn: "Anmelden", messages: "Nachrichten", friends: "Freunde", settings: "Einstellungen", dir: "" }],
] as const) {
  test(`the same in another language: ${locale}`, async ({ kith, open }, info) => {
    await kith.makeDemo();
    const page = await open();
    await page.addInitScript((chosen) => localStorage.setItem("kith.preferences", JSON.stringify({ theme: "light", locale: chosen })), locale);
    await page.emulateMedia({ reducedMotion: "reduce" });
    const bad: string[] = [];
    const look = async (name: string): Promise<void> => {
      await picture(page, info, `${locale}-${name}`);
      bad.push(...(await violations(page)).map((text) => `${name}: ${text}`));
    };
    await page.goto("/signin");
    await page.getByLabel(words.username).fill(demo.username);
    await page.getByLabel(words.password, { exact: true }).fill(demo.password);
    await look("sign-in");
    await page.getByRole("button", { name: words.signIn }).click();
    await expect(page.getByRole("heading", { name: words.messages, level: 1 })).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.dir || "ltr")).toBe(words.dir || "ltr");
    for (const [name, path] of [["messages", "/messages"], ["friends", "/friends"], ["settings", "/settings"]] as const) {
      await visit(page, path, page.getByRole("heading", { name: words[name], level: 1 }));
      await look(name);
    }
    const group = (await roomsOf(kith.api)).find((room) => room.kind === "group");
    await visit(page, group?.href ?? "", page.getByRole("article").first());
    await look("chat");
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    expect(bad).toEqual([]);
  });
}

interface Room {
  readonly href: string;
  readonly kind: string;
  /** As its tile calls it. */
  readonly name: string;
}

/** The newest conversations, asked of the server: the list on the screen may not be drawn yet. */
async function roomsOf(api: string): Promise<readonly Room[]> {
  const ada = await Person.login(api, demo.username, demo.password);
  const { items } = (await ada.call("GET", "/chat/rooms/?limit=5")) as { items: readonly { id: string; kind: string; name: string | null; participants: readonly { user: { id: string; display_name: string } }[] }[] };
  return items.map(({ id, kind, name, participants }) => ({ href: `/chat/${id}`, kind, name: name ?? participants.find(({ user }) => user.id !== ada.id)?.user.display_name ?? "" }));
}

/** Inside the app, as a click on a link would; what is waited for must not be of the screen before. */
async function visit(page: Page, path: string, sign: Locator): Promise<void> {
  expect(path).toMatch(/^\//);
  await page.evaluate((to) => history.pushState(null, "", to), path);
  await expect(sign).toBeVisible();
}

async function picture(page: Page, info: TestInfo, name: string): Promise<void> {
  await expect(page.getByRole("status", { name: /Loading|Wird geladen|جارٍ التحميل/ })).toHaveCount(0);
  await page.evaluate(() => document.fonts.ready.then(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); })));
  await page.screenshot({ path: `../../target/screens/${info.project.name}-${name}.png` });
}
