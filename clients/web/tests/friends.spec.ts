/** Two people meet: from two sign-ups to a blocked friend. */
import type { Page } from "@playwright/test";
import { bubble, composer, expect, pick, say, signIn, signUp, test } from "./support/journey.ts";
import { Person } from "./support/person.ts";

test("two people sign up, befriend, chat, reply, see ticks and typing; a block takes effect at once", async ({ open }) => {
  const [ann, ben] = [await open(), await open()];
  await signUp(ann, "Ann Ahlers");
  await signUp(ben, "Ben Brandt");
  const benId = await myId(ben);
  expect(await readable(ann), "what a script could read of the session").not.toMatch(/kith_refresh|eyJ|refresh_token/);

  // Ann asks from Ben's profile; the request reaches Ben live.
  await ann.goto(`/people/${benId}`);
  await ann.getByRole("button", { name: "Add friend" }).click();
  await ann.getByLabel("Add a note (optional)").fill("It is me, from the tram");
  await ann.getByRole("button", { name: "Send request" }).click();
  await expect(ann.getByText("You asked Ben Brandt")).toBeVisible();
  await expect(ann.getByRole("definition").first()).toHaveText("0");
  await expect(ben.getByText("1 friend request", { exact: true })).toBeAttached();
  await ben.goto("/friends/requests");
  await expect(ben.getByText("It is me, from the tram")).toBeVisible();
  await ben.getByRole("button", { name: "Accept" }).click();

  // Friends: Ben's profile knows it without being opened again. Ann writes, Ben reads, the ticks turn.
  await expect(ann.getByRole("definition").first()).toHaveText("1");
  await ann.getByRole("main").getByRole("button", { name: "Message" }).click();
  await say(ann, "Hello Ben");
  await expect(bubble(ann, "Hello Ben").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
  await ben.goto("/messages");
  await ben.getByRole("link", { name: /Ann Ahlers/ }).click();
  await expect(bubble(ben, "Hello Ben")).toBeVisible();
  await expect(ann.getByRole("main").getByText("Online", { exact: true })).toBeVisible();
  await expect(bubble(ann, "Hello Ben").getByRole("img", { name: "Read" })).toBeVisible();

  // Ben types, Ann sees it; Ben replies, Ann sees what it answers.
  await composer(ben).pressSequentially("Hal");
  await expect(ann.getByText("Ben is typing").last()).toBeVisible();
  await composer(ben).fill("");
  await pick(ben, "Hello Ben", "Reply");
  await say(ben, "Hello yourself");
  await expect(bubble(ann, "Hello yourself").getByRole("button", { name: /Go to the message by You/ })).toBeVisible();
  await pick(ann, "Hello Ben", "Seen by");
  await expect(ann.getByRole("dialog").getByText("Ben Brandt")).toBeVisible();
  await ann.getByRole("dialog").getByRole("button", { name: "Close" }).click();

  const annsRoom = ann.url();
  // Ann blocks Ben: what Ben sends next is refused, and his words stay.
  await ann.goto(`/people/${benId}`);
  await ann.getByRole("button", { name: "More", exact: true }).click();
  await ann.getByRole("menuitem", { name: "Block" }).click();
  await ann.getByRole("dialog").getByRole("button", { name: "Block" }).click();
  await expect(ann.getByText("You have blocked Ben Brandt")).toBeVisible();
  await say(ben, "Are you there?");
  await expect(ben.getByText("Not sent: Their privacy settings do not allow this.")).toBeVisible();

  // Ann is told why she cannot write, and how she could.
  await ann.goto(annsRoom);
  await expect(ann.getByText("You have blocked Ben Brandt.")).toBeVisible();
  await expect(composer(ann)).toBeHidden();
  await ann.getByRole("button", { name: "Unblock" }).click();
  await expect(composer(ann)).toBeVisible();
});

test("somebody who was found is asked, and their row follows the answer", async ({ kith, open }) => {
  const name = `Zora Ziegler ${Date.now() % 100_000}`;
  const zora = await Person.register(kith.api, name);
  const ann = await open();
  await signUp(ann, "Ann Ahlers");
  await ann.goto("/friends/find");
  await expect(async () => {
    await ann.getByLabel("Name or username").fill("");
    await ann.getByLabel("Name or username").fill(zora.username);
    await expect(ann.getByRole("link", { name: new RegExp(name) })).toBeVisible({ timeout: 3000 });
  }).toPass();
  await ann.getByRole("button", { name: `Add friend: ${name}` }).click();
  await ann.getByRole("button", { name: "Send request" }).click();
  await expect(ann.getByRole("button", { name: "Request sent" })).toBeDisabled();
  const { items } = (await zora.call("GET", "/friends/requests?direction=incoming")) as { readonly items: readonly { readonly id: string }[] };
  await zora.call("PUT", `/friends/requests/${items[0]?.id ?? ""}`, { action: "accept" });
  await ann.getByRole("button", { name: `Message: ${name}` }).click();
  await expect(ann.getByText("Say hello to Zora.")).toBeVisible();
  const room = await ann.getByRole("main").boundingBox();
  const field = await composer(ann).boundingBox();
  expect(room && field && room.y + room.height - field.y - field.height, "the field is at the foot of an empty room too").toBeLessThan(40);
});

test("whoever asked hears of the yes at once, and the request waits no longer", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  const request = (await ann.call("POST", "/friends/requests", { user_id: ben.id })) as { readonly id: string };
  const [page, bens] = [await open(), await open()];
  await signIn(page, ann.username, Person.password, "/friends/requests");
  await page.getByRole("tab", { name: /Sent/ }).click();
  await expect(page.getByText("Waiting for an answer")).toBeVisible();
  await signIn(bens, ben.username, Person.password, "/friends");
  await expect(bens.getByRole("link", { name: "Requests 1 friend request" })).toBeVisible();

  await ben.call("PUT", `/friends/requests/${request.id}`, { action: "accept" });

  await expect(page.getByText("Ben Brandt accepted your request. You are friends now.")).toBeVisible();
  await expect(page.getByText("Nothing is waiting")).toBeVisible();
  await page.getByRole("link", { name: "Back" }).click();
  await expect(page.getByRole("link", { name: /Ben Brandt/ })).toBeVisible();
  // Who said yes knows it, here as on their other devices.
  await expect(bens.getByRole("link", { name: /Ann Ahlers/ })).toBeVisible();
  await expect(bens.getByText("accepted your request")).toBeHidden();
});

test("a block closes the open conversation on all my devices, an end of it opens it again; writing needs the friendship anew", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  await ben.send(room, "hello Ann");
  const [here, there] = [await open(), await open()];
  await signIn(there, ann.username, Person.password, `/chat/${room}`);
  await expect(composer(there)).toBeVisible();
  await composer(there).fill("half a sent");
  await signIn(here, ann.username, Person.password, `/people/${ben.id}`);

  await here.getByRole("button", { name: "More", exact: true }).click();
  await here.getByRole("menuitem", { name: "Block" }).click();
  await here.getByRole("dialog").getByRole("button", { name: "Block" }).click();
  await expect(here.getByText("Ben Brandt is blocked.")).toBeVisible();
  await expect(there.getByText("You have blocked Ben Brandt.")).toBeVisible();
  await expect(composer(there)).toBeHidden();
  await expect(bubble(there, "hello Ann")).toBeVisible();

  await here.evaluate(() => history.pushState(null, "", "/settings/blocked"));
  await here.getByRole("region", { name: "Blocked people" }).getByRole("button", { name: "Unblock" }).click();
  await expect(here.getByText("Nobody is blocked")).toBeVisible();
  await expect(composer(there)).toHaveValue("half a sent");
  await say(there, "are we good?");
  await expect(there.getByText("Not sent: Their privacy settings do not allow this.")).toBeVisible();
  await ann.befriend(ben);
  await bubble(there, "are we good?").getByRole("button", { name: "Send again" }).click();
  await expect(bubble(there, "are we good?").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
  expect(await ben.texts(room)).toEqual(["hello Ann", "are we good?"]);
});

/** Everything that the page's own scripts keep in the open. */
async function readable(page: Page): Promise<string> {
  return page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
}

async function myId(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const refresh = await fetch("/api/v1/auth/refresh", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ attempt_id: crypto.randomUUID() }) });
    return ((await refresh.json()) as { user: { id: string } }).user.id;
  });
}
