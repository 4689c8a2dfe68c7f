/** A group from its making to the day its founder leaves, and how one keeps it in one's list. */
import { bubble, expect, say, signIn, test } from "./support/journey.ts";
import { Person } from "./support/person.ts";
import { fillRoom } from "./support/seed.ts";

test("a group is made, kept in the list as one likes, handed over and left; what its founder wrote keeps their name", async ({ kith, open }) => {
  const [ann, ben, cem] = [await Person.register(kith.api, "Ann Ahlers"), await Person.register(kith.api, "Ben Brandt"), await Person.register(kith.api, "Cem Celik")];
  await ann.befriend(ben);
  await ann.befriend(cem);
  const page = await open();
  await signIn(page, ann.username, Person.password, "/new/group");
  await page.getByText("Ben Brandt").click();
  await page.getByText("Cem Celik").click();
  await page.getByRole("button", { name: "Create group" }).click();
  await expect(page.getByText("Give the group a name.")).toBeVisible();
  await page.getByLabel("Group name").fill("Climbing");
  await expect(page.getByText("Give the group a name.")).toBeHidden();
  await page.getByRole("button", { name: "Create group" }).click();
  await say(page, "Who is in?");
  const about = `${new URL(page.url()).pathname}/info`;
  const info = () => page.evaluate((to) => history.pushState(null, "", to), about);
  const list = () => page.evaluate(() => history.pushState(null, "", "/messages"));
  const tile = page.getByRole("link", { name: /Climbing/ });

  // Muted, pinned, put away, and back.
  await info();
  await page.getByRole("switch", { name: /^Mute/ }).click();
  await page.getByRole("switch", { name: "Pin to top" }).click();
  await list();
  await expect(tile.getByRole("img", { name: "Muted" })).toBeVisible();
  await expect(tile.getByRole("img", { name: "Pinned" })).toBeVisible();
  await info();
  await page.getByRole("switch", { name: "Archive" }).click();
  await list();
  await expect(page.getByRole("link", { name: "Archived · 1" })).toBeVisible();
  await expect(tile).toBeHidden();
  await page.getByRole("link", { name: "Archived · 1" }).click();
  await expect(tile).toBeVisible();

  // Its last owner hands it over first.
  await fillRoom(kith.api, ben, [about.split("/")[2] ?? ""], 120);
  await info();
  const leave = async (): Promise<void> => {
    await page.getByRole("button", { name: "Leave group" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Leave group" }).click();
  };
  await leave();
  await expect(page.getByText("Make somebody else owner first.")).toBeVisible();
  await page.getByRole("button", { name: "More: Ben Brandt" }).click();
  await page.getByRole("menuitem", { name: "Make owner" }).click();
  await expect(page.getByText("Owner", { exact: true })).toHaveCount(2);
  await leave();
  await expect(page).toHaveURL(/\/messages$/);
  await expect(tile).toBeHidden();

  // Cem, who is no friend of hers any more, opens it far above the note of her leaving: she has a name all the same.
  await cem.call("DELETE", `/friends/${ann.id}`);
  const late = await open();
  await signIn(late, cem.username, Person.password, "/messages");
  await expect(late.getByRole("link", { name: /Climbing/ })).toBeVisible();
  await late.goto(`${about.replace("/info", "")}?m=2`);
  await expect(bubble(late, "Who is in?").getByText("Ann Ahlers")).toBeVisible();
  await late.getByRole("button", { name: "Jump to the newest message" }).click();
  await expect(late.getByText("Ann Ahlers left")).toBeInViewport();
});
