/** The account itself: a new password, signing out, and the end of it all. */
import type { Page } from "@playwright/test";
import { bubble, composer, countKept, expect, isKept, say, signIn, test } from "./support/journey.ts";
import { Person } from "./support/person.ts";

test("a new password ends all other sessions and this one goes on; from then on only the new one opens the door", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const [here, other] = [await open(), await open()];
  await signIn(other, ann.username);
  await signIn(here, ann.username, Person.password, "/settings/security");
  const change = async (current: string, next: string): Promise<void> => {
    await here.getByLabel("Current password").fill(current);
    await here.getByLabel("New password").fill(next);
    await here.getByRole("button", { name: "Change password" }).click();
  };

  await change("not my password", "a better password");
  await expect(here.getByText("That is not your current password.")).toBeVisible();
  await expect(here.getByLabel("New password")).toHaveValue("a better password");
  await change(Person.password, "a better password");

  await expect(here.getByText("Your password is changed.")).toBeVisible();
  await expect(here.getByText("That is not your current password.")).toBeHidden();
  await expect(here.getByLabel("Current password")).toHaveValue("");
  await expect(other.getByText("You were signed out.")).toBeVisible();
  await here.reload();
  await expect(here.getByText("This device")).toBeVisible();
  await expect(here.getByRole("button", { name: /^Sign out: / })).toHaveCount(0);

  await other.getByLabel("Username").fill(ann.username);
  await other.getByLabel("Password", { exact: true }).fill(Person.password);
  await other.getByRole("button", { name: "Sign in" }).click();
  await expect(other.getByText("The username or the password is wrong.")).toBeVisible();
  await other.getByLabel("Password", { exact: true }).fill("a better password");
  await other.getByRole("button", { name: "Sign in" }).click();
  await expect(other.getByRole("heading", { name: "Messages" })).toBeVisible();
});

test("an account that is deleted is gone for its owner and its friends; what it said stays, without its name", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  const group = await ben.createGroup("Climbing", [ann]);
  await ann.send(room, "remember me");
  await ann.send(group, "and me");
  const [page, bens, bensOther] = [await open(), await open(), await open()];
  await signIn(bensOther, ben.username, Person.password, `/chat/${room}`);
  await expect(bensOther.getByRole("main").getByRole("heading", { name: "Ann Ahlers" })).toBeVisible();
  await signIn(bens, ben.username, Person.password, "/friends");
  await expect(bens.getByRole("link", { name: /Ann Ahlers/ })).toBeVisible();
  await signIn(page, ann.username, Person.password, `/chat/${room}`);
  await composer(page).fill("never to be sent");
  await expect.poll(() => isKept(page, "never to be sent")).toBe(true);

  await page.evaluate(() => history.pushState(null, "", "/settings/security"));
  await page.getByRole("button", { name: "Delete account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Current password").fill("not my password");
  await dialog.getByRole("button", { name: "Delete for ever" }).click();
  await expect(dialog.getByText("That is not your current password.")).toBeVisible();
  await dialog.getByLabel("Current password").fill(Person.password);
  await dialog.getByRole("button", { name: "Delete for ever" }).click();

  // Nothing of it is left on the device, and it does not look as if somebody else had ended the session.
  await expect(page.getByText("Your account is deleted.")).toBeVisible();
  await expect(page.getByText("You were signed out.")).toBeHidden();
  for (const store of ["drafts", "messages", "rooms"]) expect(await countKept(page, store), store).toBe(0);
  await page.getByLabel("Username").fill(ann.username);
  await page.getByLabel("Password", { exact: true }).fill(Person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("The username or the password is wrong.")).toBeVisible();

  // A conversation that is open hears of it.
  await expect(bensOther.getByRole("main").getByRole("heading", { name: "Deleted account" })).toBeVisible();
  await expect(composer(bensOther)).toBeHidden();
  await expect(bensOther.getByText("Ann Ahlers")).toHaveCount(0);
  await expect(bens.getByRole("link", { name: /Ann Ahlers/ })).toBeHidden();
  await expect.poll(async () => JSON.stringify(await ben.call("GET", `/chat/rooms/${room}`))).not.toContain("Ann Ahlers");
  const go = (path: string): Promise<void> => bens.evaluate((to) => history.pushState(null, "", to), path);
  await go(`/chat/${room}`);
  await expect(bubble(bens, "remember me")).toBeVisible();
  await expect(bens.getByRole("main").getByRole("heading", { name: "Deleted account" })).toBeVisible();
  await expect(bens.getByText("This account was deleted. What was said stays here.")).toBeVisible();
  await expect(composer(bens)).toBeHidden();
  await go(`/chat/${group}`);
  await expect(bubble(bens, "and me").getByText("Deleted account")).toBeVisible();
  await expect(bens.getByText("Deleted account left")).toBeVisible();
  await say(bens, "she is gone");
  await go(`/people/${ann.id}`);
  await expect(bens.getByText("This account does not exist, or not any more.")).toBeVisible();
});

test("whoever leaves on purpose is not told that they were signed out, also when the socket knows it first", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const page = await open();
  const closed = socketClosed(page);
  await signIn(page, ann.username, Person.password, "/settings");
  await page.route("**/api/v1/auth/logout", async (route) => {
    const response = await route.fetch();
    await closed;
    await route.fulfill({ response });
  });

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();

  await expect(page.getByLabel("Username")).toBeVisible();
  await expect(page.getByText("You were signed out.")).toBeHidden();
});

/** Of the page's first socket. */
function socketClosed(page: Page): Promise<void> {
  return new Promise((closed) => {
    page.once("websocket", (socket) => socket.once("close", () => closed()));
  });
}
