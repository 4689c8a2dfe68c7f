/** What a room shows of what was said and done in it, hostile words among it, and what cannot be sent. */
import { bubble, composer, expect, signIn, test } from "./support/journey.ts";
import { Person } from "./support/person.ts";

test("a room opens where reading ended, says who came and how it is called, and counts down while one reads on", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  const cem = await Person.register(kith.api, "Cem Celik");
  for (const friend of [ann, cem]) await ben.befriend(friend);
  const room = await ben.createGroup("Climbing", [ann]);
  for (let at = 1; at <= 30; at += 1) await ben.send(room, `message ${at} ${"and some more words ".repeat(at % 4)}`);
  await ann.readAll(room);
  await ben.call("POST", `/chat/rooms/${room}/participants`, { user_ids: [cem.id] });
  for (let at = 31; at <= 60; at += 1) await ben.send(room, `message ${at} ${"and some more words ".repeat(at % 4)}`);
  await ben.call("PATCH", `/chat/rooms/${room}`, { name: "Bouldering" });
  const page = await open();
  await signIn(page, ann.username, Person.password, "/messages");
  await page.getByRole("link", { name: /Bouldering/ }).click();

  await expect(page.getByText("New messages", { exact: true })).toBeInViewport();
  await expect(page.getByText("Cem Celik joined")).toBeInViewport();
  await expect(bubble(page, "message 31 ")).toBeInViewport();
  await expect(bubble(page, "message 60 ")).toBeHidden();
  await page.getByRole("button", { name: "Jump to the newest message" }).click();
  await expect(page.getByText("Ben Brandt named the group “Bouldering”")).toBeInViewport();
  await page.evaluate(() => history.pushState(null, "", "/messages"));
  await expect(page.getByRole("link", { name: /Bouldering/ })).not.toContainText("unread");
});

test("hostile messages neither run nor break the layout", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben <b>Brandt</b>");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  const zalgo = `Z${"\u0301\u0316\u0329\u0353".repeat(120)}a${"\u0338\u0489".repeat(120)}lgo`;
  const hostile = ['<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>', "\u202Egnp.exe\u202C \u2067\u200F trick", "😀".repeat(4000), "W".repeat(3999), zalgo, "javascript:alert(1) https://example.com/?q=<script>", "a\n".repeat(1500)];
  for (const text of hostile) await ben.send(room, text);
  const page = await open();
  await signIn(page, ann.username, Person.password, `/chat/${room}`);
  await expect(page.getByRole("article").first()).toBeVisible();

  for (const _ of hostile) {
    const width = await page.evaluate(() => ({ page: document.documentElement.scrollWidth, room: innerWidth, widest: Math.max(...[...document.querySelectorAll("article > div")].map((item) => item.getBoundingClientRect().right)) }));
    expect(width.page).toBeLessThanOrEqual(width.room);
    expect(width.widest).toBeLessThanOrEqual(width.room);
    await page.getByRole("feed").hover();
    await page.mouse.wheel(0, -600);
  }
  expect(await page.title()).not.toContain("owned");
  expect(await page.locator("article img, article script").count()).toBe(0);
  await page.getByRole("button", { name: "Read more" }).first().click();
  await page.goto("/messages");
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

test("a refused send says why and keeps the words; too long a text cannot be sent", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  const page = await open();
  await signIn(page, ann.username, Person.password, `/chat/${room}`);

  await composer(page).fill("x".repeat(4001));
  await expect(page.getByRole("button", { name: "Send" })).toBeDisabled();
  await composer(page).fill("fine again");
  await ben.call("POST", `/friends/block/${ann.id}`);
  await composer(page).press("Enter");

  await expect(page.getByText("Not sent: Their privacy settings do not allow this.")).toBeVisible();
  await ben.call("DELETE", `/friends/block/${ann.id}`);
  await ann.befriend(ben);
  await page.getByRole("button", { name: "Send again" }).click();
  await expect(bubble(page, "fine again").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
});
