/** What is typed and sent while the device is slow. */
import type { Page } from "@playwright/test";
import { bubble, composer, expect, signIn, test } from "./support/journey.ts";
import { Person } from "./support/person.ts";

test("while the disk is slow a second Enter sends nothing twice, and what is typed meanwhile stays", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  const page = await open();
  await signIn(page, ann.username, Person.password, `/chat/${room}`);
  await composer(page).fill("hello");
  await page.evaluate(holdOutbox);

  await composer(page).press("Enter");
  await composer(page).press("Enter");
  await composer(page).pressSequentially("and more");
  await expect(bubble(page, "hello")).toBeVisible();
  await letOutboxGo(page);

  await expect(bubble(page, "hello").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
  await expect(composer(page)).toHaveValue("and more");
  await composer(page).press("Enter");
  await expect(bubble(page, "and more").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
  await expect(composer(page)).toHaveValue("");
  expect(await ann.texts(room)).toEqual(["hello", "and more"]);
});

/** Nobody else writes to the store of sends while this transaction lives. */
async function holdOutbox(): Promise<void> {
  const [{ name = "" } = {}] = await indexedDB.databases();
  const opening = indexedDB.open(name);
  await new Promise((done) => { opening.addEventListener("success", done); });
  const store = opening.result.transaction("outbox", "readwrite").objectStore("outbox");
  let isHeld = true;
  Object.assign(window, { letOutboxGo: () => { isHeld = false; } });
  const hold = (): void => {
    if (isHeld) store.count().addEventListener("success", hold);
    else opening.result.close();
  };
  hold();
}

const letOutboxGo = (page: Page): Promise<void> => page.evaluate(() => (window as unknown as { letOutboxGo(): void }).letOutboxGo());
