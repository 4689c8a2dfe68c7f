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
