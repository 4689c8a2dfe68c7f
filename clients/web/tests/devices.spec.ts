/** Several devices of one person. */
import { expect, signIn, test } from "./support/journey.ts";
import { Person } from "./support/person.ts";

test("one device signs out all others, and stays", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const [here, ...others] = [await open(), await open(), await open()];
  for (const page of [here, ...others]) await signIn(page, ann.username);
  await here.evaluate(() => history.pushState(null, "", "/settings/security"));
  await expect(here.getByText("This device")).toBeVisible();
  await here.getByRole("button", { name: "Sign out all other devices" }).click();
  await here.getByRole("dialog").getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(here.getByText("All other devices are signed out.")).toBeVisible();
  await expect(here.getByRole("button", { name: /^Sign out: / })).toHaveCount(0);
  for (const page of others) {
    await expect(page.getByText("You were signed out.")).toBeVisible();
    await expect(page.getByLabel("Username")).toBeVisible();
  }
  await here.evaluate(() => history.pushState(null, "", "/messages"));
  await expect(here.getByRole("heading", { name: "Messages" })).toBeVisible();
});

test("one device is sent away, and the others stay", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const [here, other] = [await open(), await open()];
  await signIn(other, ann.username, Person.password, "/friends");
  await signIn(here, ann.username, Person.password, "/settings/security");
  await expect(here.getByRole("button", { name: /^Sign out: / })).toHaveCount(2);

  await here.getByRole("button", { name: /^Sign out: (?!Unnamed)/ }).click();

  await expect(here.getByText("That device is signed out.")).toBeVisible();
  await expect(here.getByRole("button", { name: /^Sign out: / })).toHaveCount(1);
  await expect(other.getByText("You were signed out.")).toBeVisible();
  await other.reload();
  await expect(other.getByLabel("Username")).toBeVisible();
  // The one that acts through the API.
  await ann.call("GET", "/users/me");
  await here.reload();
  await expect(here.getByText("This device")).toBeVisible();
});
