/** A walk through all that is no screen of its own, in German: dialogs, menus, notes, refusals. Nothing stays English, nothing is cut off. */
import type { Page, TestInfo } from "@playwright/test";
import { english } from "../src/i18n/catalogue.ts";
import { german } from "../src/i18n/german.ts";
import { bubble, expect, test } from "./support/journey.ts";
import { Person } from "./support/person.ts";
import { cutWords, foreignWords } from "./support/words.ts";

const composer = (page: Page) => page.getByRole("textbox", { name: "Nachricht" });
const go = (page: Page, path: string): Promise<void> => page.evaluate((to) => history.pushState(null, "", to), path);

test("the way in, and a friend", async ({ kith, open }, info) => {
  const ben = await Person.register(kith.api, "Ben Brandt");
  const { page, look, bad } = await inGerman(open, info);
  await page.goto("/signup");
  await page.getByLabel("Dein Name").fill("Änne Ährenfeld");
  await page.getByLabel("Benutzername").fill("Änne A.");
  await page.getByLabel("Passwort", { exact: true }).fill("kurz");
  await page.getByRole("button", { name: "Konto erstellen" }).click();
  await expect(page.getByText("Nimm die Buchstaben a bis z")).toBeVisible();
  await expect(page.getByText("Das ist zu kurz.")).toBeVisible();
  await look("sign-up-refused");
  await page.getByLabel("Benutzername").fill("admin");
  await page.getByLabel("Passwort", { exact: true }).fill(Person.password);
  await page.getByRole("button", { name: "Konto erstellen" }).click();
  await expect(page.getByText("Dieser Name ist für das System bestimmt.")).toBeVisible();
  await page.getByLabel("Benutzername").fill(Person.freshName("aenne"));
  await page.getByRole("button", { name: "Konto erstellen" }).click();
  await expect(page.getByText("Noch keine Unterhaltungen")).toBeVisible();
  await look("no-rooms");

  await go(page, `/people/${ben.id}`);
  await page.getByRole("main").getByRole("button", { name: "Anfragen" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await look("ask-dialog");
  await page.getByRole("dialog").getByRole("button", { name: "Anfrage senden" }).click();
  await expect(page.getByText("Du hast Ben Brandt angefragt.")).toBeVisible();
  await look("asked");
  const { items } = (await ben.call("GET", "/friends/requests?direction=incoming")) as { readonly items: readonly { readonly id: string }[] };
  await ben.call("PUT", `/friends/requests/${items[0]?.id ?? ""}`, { action: "accept" });
  await expect(page.getByText("Ben Brandt hat deine Anfrage angenommen.")).toBeVisible();
  await look("accepted");

  await page.getByRole("main").getByRole("button", { name: "Nachricht" }).click();
  await expect(page.getByText("Sag Ben Hallo.")).toBeVisible();
  await look("empty-room");
  await go(page, `/people/${ben.id}`);
  await page.getByRole("button", { name: "Mehr", exact: true }).click();
  await look("person-menu");
  await page.getByRole("menuitem", { name: "Blockieren" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await look("block-dialog");
  await page.getByRole("dialog").getByRole("button", { name: "Blockieren" }).click();
  await expect(page.getByText("Du hast Ben Brandt blockiert.")).toBeVisible();
  await look("blocked-person");
  expect(bad).toEqual([]);
});

test("a conversation and a group", async ({ kith, open }, info) => {
  const [ann, ben, cem] = [await Person.register(kith.api, "Anna Ährenfeld"), await Person.register(kith.api, "Ben Brandt"), await Person.register(kith.api, "Cem Celik")];
  await ann.befriend(ben);
  await ann.befriend(cem);
  const room = await ann.openDirect(ben);
  await ben.send(room, "Guten Morgen");
  const { page, look, bad } = await inGerman(open, info);
  await signInGerman(page, ann, `/chat/${room}`);
  await expect(bubble(page, "Guten Morgen")).toBeVisible();
  await composer(page).fill("Guten Abend");
  await composer(page).press("Enter");
  await expect(bubble(page, "Guten Abend").getByRole("img", { name: /Gesendet|Zugestellt/ })).toBeVisible();
  await openMenu(page, "Guten Abend");
  await look("message-menu");
  await page.getByRole("menuitem", { name: "Gesehen von" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await look("receipts");
  await page.keyboard.press("Escape");
  await openMenu(page, "Guten Morgen");
  await page.getByRole("menuitem", { name: "Antworten" }).click();
  await expect(page.getByText("Antwort an Ben Brandt")).toBeVisible();
  await page.context().setOffline(true);
  await composer(page).fill("im Tunnel");
  await composer(page).press("Enter");
  await expect(page.getByText("Du bist offline.")).toBeVisible();
  await look("offline");
  await page.context().setOffline(false);
  await expect(page.getByText("Du bist offline.")).toBeHidden();

  await go(page, "/new/group");
  await page.getByRole("region", { name: "Neue Gruppe" }).getByText("Ben Brandt").click();
  await page.getByRole("button", { name: "Gruppe erstellen" }).click();
  await expect(page.getByText("Gib der Gruppe einen Namen.")).toBeVisible();
  await look("group-without-name");
  await page.getByLabel("Name der Gruppe").fill("Donaudampfschifffahrtsgesellschaft");
  await page.getByRole("button", { name: "Gruppe erstellen" }).click();
  await expect(page.getByText("Noch hat niemand etwas gesagt.")).toBeVisible();
  await look("new-group");
  await go(page, `${new URL(page.url()).pathname}/info`);
  await page.getByRole("button", { name: "Mehr: Ben Brandt" }).click();
  await look("member-menu");
  await page.keyboard.press("Escape");
  for (const [name, picture] of [["Personen hinzufügen", "add-people"], ["Gruppe umbenennen", "rename"], ["Gruppe verlassen", "leave"]] as const) {
    await page.getByRole("button", { name }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await look(picture);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toBeHidden();
  }
  await page.getByRole("button", { name: "Gruppe verlassen" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Gruppe verlassen" }).click();
  await expect(page.getByText("Mach erst jemand anderen zum Inhaber.")).toBeVisible();
  await look("last-owner");
  expect(bad).toEqual([]);
});

test("settings that ask", async ({ kith, open }, info) => {
  const ann = await Person.register(kith.api, "Anna Ährenfeld");
  const { page, look, bad } = await inGerman(open, info);
  await signInGerman(page, ann, "/settings/security");
  await page.getByLabel("Jetziges Passwort").fill("falsch, aber lang");
  await page.getByLabel("Neues Passwort").fill("auch lang genug");
  await page.getByRole("button", { name: "Passwort ändern" }).click();
  await expect(page.getByText("Das ist nicht dein jetziges Passwort.")).toBeVisible();
  await look("password-refused");
  for (const [name, picture] of [["Alle anderen Geräte abmelden", "sign-out-others"], ["Konto löschen", "delete-account"]] as const) {
    await page.getByRole("button", { name }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await look(picture);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toBeHidden();
  }
  await go(page, "/settings");
  await page.getByRole("button", { name: "Abmelden" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await look("sign-out");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Tastenkürzel" })).toBeVisible();
  await look("shortcuts");
  await page.keyboard.press("Escape");
  const { items } = (await ann.call("GET", "/auth/sessions")) as { readonly items: readonly { readonly id: string; readonly current: boolean }[] };
  for (const session of items.filter(({ current }) => !current)) await ann.call("DELETE", `/auth/sessions/${session.id}`);
  await expect(page.getByText("Du wurdest abgemeldet.")).toBeVisible();
  await look("signed-out");
  expect(bad).toEqual([]);
});

interface Walk {
  readonly page: Page;
  /** Takes a picture for people, and looks at the words itself. */
  readonly look: (name: string) => Promise<void>;
  readonly bad: readonly string[];
}

async function inGerman(open: () => Promise<Page>, info: TestInfo): Promise<Walk> {
  const page = await open();
  await page.addInitScript(() => localStorage.setItem("kith.preferences", JSON.stringify({ locale: "de" })));
  await page.emulateMedia({ reducedMotion: "reduce" });
  const bad: string[] = [];
  const look = async (name: string): Promise<void> => {
    await page.screenshot({ path: `../../target/screens/${info.project.name}-walk-de-${name}.png` });
    bad.push(...[...(await foreignWords(page, english, german)), ...(await cutWords(page))].map((text) => `${name}: ${text}`));
  };
  return { page, look, bad };
}

async function signInGerman(page: Page, person: Person, path: string): Promise<void> {
  await page.goto(path);
  await page.getByLabel("Benutzername").fill(person.username);
  await page.getByLabel("Passwort", { exact: true }).fill(Person.password);
  await page.getByRole("button", { name: "Anmelden" }).click();
  await expect(page.getByLabel("Benutzername")).toBeHidden();
}

async function openMenu(page: Page, text: string): Promise<void> {
  await bubble(page, text).hover();
  await bubble(page, text).getByRole("button", { name: "Optionen der Nachricht" }).click({ force: true });
  await expect(page.getByRole("menu")).toBeVisible();
}
