/** Every screen in both themes and all languages: a picture of each in target/screens, axe finds nothing to say, no word is English or cut off. */
import type { Locator, Page, TestInfo } from "@playwright/test";
import { arabic } from "../src/i18n/arabic.ts";
import { english, type MessageKey } from "../src/i18n/catalogue.ts";
import { german } from "../src/i18n/german.ts";
import { translator, type Values } from "../src/i18n/translator.ts";
import { violations } from "./support/axe.ts";
import { expect, test } from "./support/journey.ts";
import { Person } from "./support/person.ts";
import { cutWords, foreignWords } from "./support/words.ts";

const ada = { username: "ada", password: "demo-password" };
type Screen = readonly [picture: string, path: string, heading: MessageKey];
const signedOut: readonly Screen[] = [["sign-in", "/signin", "session.welcome"], ["sign-up", "/signup", "session.join"]];
const signedIn: readonly Screen[] = [
  ["messages", "/messages", "rooms.title"], ["archived", "/messages/archived", "rooms.archived"], ["new-chat", "/new", "rooms.new"], ["new-group", "/new/group", "rooms.newGroup"],
  ["friends", "/friends", "friends.title"], ["requests", "/friends/requests", "requests.title"], ["find", "/friends/find", "find.title"],
  ["settings", "/settings", "settings.title"], ["settings-profile", "/settings/profile", "settings.profile"], ["settings-privacy", "/settings/privacy", "settings.privacy"], ["settings-security", "/settings/security", "settings.security"],
  ["settings-blocked", "/settings/blocked", "settings.blocked"], ["settings-appearance", "/settings/appearance", "settings.appearance"], ["settings-language", "/settings/language", "settings.language"],
  ["nothing", "/settings/none", "app.notFound"],
];
const languages = { en: english, de: german, ar: arabic } as const;
const looks = (["en", "de", "ar"] as const).flatMap((locale) => [[locale, "light"], [locale, "dark"]] as const);

// Twenty-odd pictures, each with a run of axe.
test.describe.configure({ timeout: 240_000 });

for (const [locale, theme] of looks) {
  test(`every screen, ${locale}, ${theme}`, async ({ demo, open }, info) => {
    const speaker = translator(locale, languages[locale]);
    const t = (key: MessageKey, values?: Values): string => plain(speaker.t(key, values));
    const page = await open();
    await page.addInitScript((chosen) => localStorage.setItem("kith.preferences", JSON.stringify(chosen)), { theme, locale });
    await page.emulateMedia({ reducedMotion: "reduce" });
    const bad: string[] = [];
    const look = async (name: string): Promise<void> => {
      await picture(page, info, `${locale}-${theme}-${name}`, t("app.loading"));
      const words = [...(locale === "en" ? [] : await foreignWords(page, english, languages[locale])), ...(await cutWords(page))];
      bad.push(...[...(await violations(page)), ...words].map((text) => `${name}: ${text}`));
      if (!(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))) bad.push(`${name}: wider than the screen`);
    };

    for (const [name, path, heading] of signedOut) {
      await page.goto(path);
      await expect(page.getByRole("heading", { name: t(heading) })).toBeVisible();
      await look(name);
    }
    expect(await page.evaluate(() => document.documentElement.dir || "ltr")).toBe(locale === "ar" ? "rtl" : "ltr");
    await page.goto("/messages");
    await page.getByLabel(t("session.username")).fill(ada.username);
    await page.getByLabel(t("session.password"), { exact: true }).fill(ada.password);
    await page.getByRole("button", { name: t("session.signIn") }).click();
    for (const [name, path, heading] of signedIn) {
      await visit(page, path, page.getByRole("heading", { name: t(heading), exact: true }));
      await look(name);
    }
    const rooms = await roomsOf(demo.api);
    for (const [index, room] of rooms.entries()) {
      await visit(page, room.href, page.locator(`a[href="${room.href}/info"]`));
      await expect.poll(() => page.evaluate(messagesInView)).toBeGreaterThan(0);
      await look(`chat-${index + 1}`);
    }
    const group = rooms.find((room) => room.kind === "group")?.href ?? "";
    await visit(page, `${group}/info`, page.getByRole("heading", { name: t("info.participants") }));
    await look("room-info");
    await visit(page, "/friends", page.getByRole("heading", { name: t("friends.title"), exact: true, level: 1 }));
    await page.locator("a[href^='/people/']").first().click();
    await expect(page.getByRole("region", { name: t("profile.title") }).getByRole("heading", { level: 2 })).toBeVisible();
    await look("profile");
    await visit(page, group, page.locator(`a[href="${group}/info"]`));
    await page.getByRole("button", { name: t("chat.emoji") }).click();
    await expect(page.getByRole("gridcell").first()).toBeVisible();
    await look("emoji");

    expect(bad).toEqual([]);
  });
}

interface Room {
  readonly href: string;
  readonly kind: string;
}

/** The newest conversations, asked of the server: the list on the screen may not be drawn yet. */
async function roomsOf(api: string): Promise<readonly Room[]> {
  const person = await Person.login(api, ada.username, ada.password);
  const { items } = (await person.call("GET", "/chat/rooms/?limit=5")) as { items: readonly { id: string; kind: string }[] };
  return items.map(({ id, kind }) => ({ href: `/chat/${id}`, kind }));
}

/** Of the conversation that is shown; those that are kept for later are in the document too. */
function messagesInView(): number {
  const feed = [...document.querySelectorAll("[role=feed]")].find((each) => each.checkVisibility());
  const { top = 0, bottom = 0 } = feed?.getBoundingClientRect() ?? {};
  const isInView = (item: Element): boolean => {
    const box = item.getBoundingClientRect();
    return item.checkVisibility({ visibilityProperty: true }) && box.bottom > top && box.top < bottom;
  };
  return [...(feed?.querySelectorAll("article") ?? [])].filter(isInView).length;
}

/** Inside the app, as a click on a link would; what is waited for must not be of the screen before. */
async function visit(page: Page, path: string, sign: Locator): Promise<void> {
  expect(path).toMatch(/^\//);
  await page.evaluate((to) => history.pushState(null, "", to), path);
  await expect(sign).toBeVisible();
}

/** Without the marks that keep directions apart. */
const plain = (text: string): string => text.replaceAll(/[\u2066-\u2069]/g, "");

async function picture(page: Page, info: TestInfo, name: string, loading: string): Promise<void> {
  await expect(page.getByRole("status", { name: loading })).toHaveCount(0);
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.fonts.ready.then(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); })));
  await page.screenshot({ path: `../../target/screens/${info.project.name}-${name}.png` });
}
