/** Kith as an installed app: the number on its icon, and a newer version. */
import type { Page } from "@playwright/test";
import { composer, expect, signIn, test } from "./support/journey.ts";
import { NewerVersion } from "./support/newerVersion.ts";
import { Person } from "./support/person.ts";

test("the icon's number and the title count what waits to be read", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const [room, group] = [await ben.openDirect(ann), await ben.createGroup("Climbing", [ann])];
  const page = await open();
  await page.addInitScript(() => {
    const badges: number[] = [];
    Object.assign(window, { badges });
    // What the app asks for is noted, and asked of the browser all the same.
    const { setAppBadge, clearAppBadge } = Navigator.prototype;
    Navigator.prototype.setAppBadge = function (count) { badges.push(count ?? -1); return setAppBadge.call(this, count); };
    Navigator.prototype.clearAppBadge = function () { badges.push(0); return clearAppBadge.call(this); };
  });
  const badge = () => page.evaluate(() => (window as unknown as { badges: readonly number[] }).badges.at(-1));
  await signIn(page, ann.username, Person.password, "/messages");
  await expect(page).toHaveTitle("Kith");
  expect(await badge()).toBe(0);

  await ben.send(room, "are you there?");
  await expect(page).toHaveTitle("(1) Kith");
  await ben.send(room, "hello?");
  await ben.send(group, "tomorrow at eight");
  await expect(page).toHaveTitle("(2) Kith");
  expect(await badge()).toBe(2);
  await page.getByRole("link", { name: /Ben Brandt/ }).click();
  await expect(page).toHaveTitle("(1) Kith");
  expect(await badge()).toBe(1);
  await ann.readAll(group);
  await expect(page).toHaveTitle("Kith");
  expect(await badge()).toBe(0);
});

test("what a browser wants of an app that can be installed is there", async ({ open }) => {
  const page = await open();
  await page.goto("/signin");
  const session = await page.context().newCDPSession(page);
  const { errors, url } = await session.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  expect(url).toContain("/manifest.webmanifest");
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  // A browser context of its own counts as a private window; everything else is in order.
  expect(installabilityErrors.map((error) => error.errorId).filter((id) => id !== "in-incognito")).toEqual([]);
});

test("a newer version is offered, waits for the answer, and keeps what is being written", async ({ kith, open }) => {
  const server = await NewerVersion.before(kith.url);
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  const page = await open();
  await signIn(page, ann.username, Person.password, `${server.url}/chat/${room}`);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.reload();
  await composer(page).fill("half a thought");
  const offer = page.getByText("A new version of Kith is ready.");
  await lookForUpdates(page);
  await expect(offer).toBeHidden();

  server.publish();
  await lookForUpdates(page);
  await expect(offer).toBeVisible();
  expect(await version(page)).toBe("first");
  await composer(page).pressSequentially(", and the rest");
  await page.getByRole("button", { name: "Update", exact: true }).click();
  await expect.poll(() => version(page).catch(() => "loading")).toBe("second");
  await expect(composer(page)).toHaveValue("half a thought, and the rest");
  await expect(offer).toBeHidden();
  server.close();
});

const version = (page: Page): Promise<string> => page.evaluate(() => document.querySelector<HTMLMetaElement>("meta[name=version]")?.content ?? "first");

/** As if somebody came back to the window. */
const lookForUpdates = (page: Page): Promise<boolean> => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
