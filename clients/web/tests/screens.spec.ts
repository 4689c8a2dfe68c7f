/** Every screen in both themes: a picture of each in target/screens, and axe finds nothing to say. */
import type { Page } from "@playwright/test";
import { violations } from "./support/axe.ts";
import { bubble, expect, signIn, test } from "./support/journey.ts";

const demo = { username: "ada", password: "demo-password" };
const signedOut = [["sign-in", "/signin"], ["sign-up", "/signup"]] as const;
const signedIn = [
  ["messages", "/messages"], ["archived", "/messages/archived"], ["new-chat", "/new"], ["new-group", "/new/group"], ["friends", "/friends"], ["requests", "/friends/requests"], ["find", "/friends/find"],
  ["settings", "/settings"], ["settings-profile", "/settings/profile"], ["settings-privacy", "/settings/privacy"], ["settings-security", "/settings/security"], ["settings-blocked", "/settings/blocked"], ["settings-appearance", "/settings/appearance"], ["settings-language", "/settings/language"],
  ["nothing", "/settings/none"],
] as const;

test.describe.configure({ timeout: 240_000 });

for (const theme of ["light", "dark"] as const) {
  test(`every screen, ${theme}`, async ({ kith, open }, info) => {
    await kith.makeDemo();
    const page = await open();
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    const bad: string[] = [];
    const look = async (name: string): Promise<void> => {
      await settled(page);
      await page.screenshot({ path: `../../target/screens/${info.project.name}-${theme}-${name}.png` });
      bad.push(...(await violations(page)).map((text) => `${name}: ${text}`));
    };

    for (const [name, path] of signedOut) {
      await page.goto(path);
      await look(name);
    }
    await signIn(page, demo.username, demo.password, "/messages");
    await expect(page.getByRole("navigation", { name: "Messages" }).getByRole("link").first()).toBeVisible();
    for (const [name, path] of signedIn) {
      await visit(page, path);
      await look(name);
    }
    await visit(page, "/messages");
    const rooms = await page.getByRole("navigation", { name: "Messages" }).getByRole("link").evaluateAll((links) => links.map((link) => link.getAttribute("href") ?? ""));
    for (const [index, href] of rooms.slice(1, 5).entries()) {
      await visit(page, href);
      await expect(page.getByRole("article").first()).toBeVisible();
      await look(`chat-${index + 1}`);
    }
    await visit(page, `${rooms[1]}/info`);
    await look("room-info");
    await visit(page, "/friends");
    await page.locator("a[href^='/people/']").first().click();
    await look("profile");
    await visit(page, rooms[1] ?? "");
    await page.getByRole("button", { name: "Emoji" }).click();
    await expect(page.getByRole("gridcell").first()).toBeVisible();
    await look("emoji");

    expect(bad).toEqual([]);
  });
}

test("the same in Arabic, from right to left", async ({ kith, open }, info) => {
  await kith.makeDemo();
  const page = await open();
  await page.addInitScript(() => localStorage.setItem("kith.preferences", JSON.stringify({ theme: "light", locale: "ar" })));
  await page.goto("/signin");
  await page.getByLabel("اسم المستخدم").fill(demo.username);
  await page.getByLabel("كلمة المرور", { exact: true }).fill(demo.password);
  await page.getByRole("button", { name: "تسجيل الدخول" }).click();
  await expect(page.getByRole("heading", { name: "الرسائل" })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.dir)).toBe("rtl");
  for (const [name, path] of [["messages", "/messages"], ["friends", "/friends"], ["settings", "/settings"]] as const) {
    await visit(page, path);
    await settled(page);
    await page.screenshot({ path: `../../target/screens/${info.project.name}-arabic-${name}.png` });
    expect(await violations(page)).toEqual([]);
  }
  await visit(page, "/messages");
  await page.getByRole("navigation", { name: "الرسائل" }).getByRole("link").nth(2).click();
  await expect(bubble(page, "")).toBeVisible();
  await settled(page);
  await page.screenshot({ path: `../../target/screens/${info.project.name}-arabic-chat.png` });
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

/** Inside the app, as a click on a link would. */
async function visit(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => history.pushState(null, "", to), path);
  await expect(page.getByRole("heading").first()).toBeVisible();
}

/** No skeleton is left and the fonts are there. */
async function settled(page: Page): Promise<void> {
  await page.waitForLoadState("networkidle");
  await expect(page.getByRole("status", { name: /Loading|جارٍ التحميل/ })).toHaveCount(0);
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
}
