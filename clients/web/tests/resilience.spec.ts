/** What must survive: a dead server, a dead network, several tabs, an ended session. */
import { bubble, composer, countKept, expect, isKept, say, signIn, test, watched } from "./support/journey.ts";
import { Kith } from "./support/kith.ts";
import { Person } from "./support/person.ts";

test("a server killed in the middle of a conversation loses and doubles nothing", async ({ browser }) => {
  test.setTimeout(120_000);
  const kith = await Kith.start();
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  const context = await browser.newContext({ baseURL: kith.url, locale: "en-GB" });
  const page = watched(await context.newPage());
  await signIn(page, ann.username, Person.password, `/chat/${room}`);
  await say(page, "before the fall");

  await kith.kill();
  await say(page, "while it is down 1");
  await say(page, "while it is down 2");
  await expect(page.getByText("You are offline")).toBeVisible();
  await kith.up();

  await expect(page.getByText("You are offline")).toBeHidden({ timeout: 45_000 });
  await expect(bubble(page, "while it is down 2").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible({ timeout: 30_000 });
  expect(await ann.texts(room)).toEqual(["before the fall", "while it is down 1", "while it is down 2"]);
  await expect(page.getByRole("article")).toHaveCount(3);
  await context.close();
  await kith.stop();
});

test("offline one reads and writes; back online everything arrives once", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  await ben.send(room, "read me in the tunnel");
  const page = await open();
  await signIn(page, ann.username, Person.password, `/chat/${room}`);
  await expect(bubble(page, "read me in the tunnel")).toBeVisible();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await expect.poll(() => isKept(page, "read me in the tunnel")).toBe(true);

  await page.context().setOffline(true);
  await say(page, "written in the tunnel");
  await expect(bubble(page, "written in the tunnel").getByRole("img", { name: /Waiting|Sending/ })).toBeVisible();
  await composer(page).fill("half a sent");
  await expect.poll(() => isKept(page, "half a sent")).toBe(true);
  await page.reload();
  await expect(bubble(page, "read me in the tunnel")).toBeVisible();
  await expect(bubble(page, "written in the tunnel")).toBeVisible();
  await expect(composer(page)).toHaveValue("half a sent");
  await page.context().setOffline(false);

  await expect(bubble(page, "written in the tunnel").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible({ timeout: 30_000 });
  expect(await ann.texts(room)).toEqual(["read me in the tunnel", "written in the tunnel"]);
});

test("in airplane mode messages wait on the device, in their rooms and their order, through a reload, and each arrives once", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const [room, group] = [await ann.openDirect(ben), await ann.createGroup("Climbing", [ben])];
  await ben.send(room, "good flight");
  await ben.send(group, "who is in?");
  const [page, bens] = [await open(), await open()];
  await signIn(bens, ben.username, Person.password, `/chat/${room}`);
  await signIn(page, ann.username, Person.password, `/chat/${group}`);
  await expect(bubble(page, "who is in?")).toBeVisible();
  const go = (to: string): Promise<void> => page.evaluate((path) => history.pushState(null, "", path), `/chat/${to}`);
  await go(room);
  await expect(bubble(page, "good flight")).toBeVisible();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  for (const words of ["good flight", "who is in?"]) await expect.poll(() => isKept(page, words)).toBe(true);
  const isWaiting = (text: string) => expect(bubble(page, text).getByRole("img", { name: /Waiting|Sending/ })).toBeVisible();

  await page.context().setOffline(true);
  for (const text of ["over the alps", "over the sea"]) await say(page, text);
  await go(group);
  await say(page, "me, on Sunday");
  await expect(page.getByText("You are offline")).toBeVisible();
  await ben.send(room, "written on the ground");
  await page.reload();
  await isWaiting("me, on Sunday");
  await go(room);
  for (const text of ["over the alps", "over the sea"]) await isWaiting(text);
  await say(page, "landing");
  expect(await ann.texts(room)).toEqual(["good flight", "written on the ground"]);
  await page.context().setOffline(false);

  await expect(bubble(page, "landing").getByRole("img", { name: /Sent|Delivered|Read/ })).toBeVisible();
  await expect(page.getByText("You are offline")).toBeHidden();
  const said = ["good flight", "written on the ground", "over the alps", "over the sea", "landing"];
  expect(await ann.texts(room)).toEqual(said);
  await expect.poll(() => ann.texts(group)).toEqual(["who is in?", "me, on Sunday"]);
  for (const side of [page, bens]) {
    await expect(side.getByRole("article")).toHaveCount(said.length);
    for (const [at, text] of said.entries()) await expect(side.getByRole("article").nth(at)).toContainText(text);
  }
  await expect.poll(() => countKept(page, "outbox")).toBe(0);
});

test("a message that was stored and whose answer was lost is not sent as another one", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  const page = await open();
  let isDeaf = false;
  await page.routeWebSocket("**/api/v1/ws", (socket) => {
    const server = socket.connectToServer();
    server.onMessage((data) => { if (!isDeaf) socket.send(data); });
  });
  await signIn(page, ann.username, Person.password, `/chat/${room}`);
  await say(page, "before the tunnel");
  await expect(bubble(page, "before the tunnel").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();

  isDeaf = true;
  await say(page, "into the tunnel");
  await expect.poll(() => ann.texts(room)).toEqual(["before the tunnel", "into the tunnel"]);
  await expect(bubble(page, "into the tunnel").getByRole("img", { name: /Waiting|Sending/ })).toBeVisible();
  isDeaf = false;
  await page.reload();

  await expect(bubble(page, "into the tunnel").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
  await expect.poll(() => countKept(page, "outbox")).toBe(0);
  await expect(page.getByRole("article")).toHaveCount(2);
  expect(await ann.texts(room)).toEqual(["before the tunnel", "into the tunnel"]);
});

test("two tabs of one person show the same, and send once", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  const one = await open();
  await signIn(one, ann.username, Person.password, `/chat/${room}`);
  const two = watched(await one.context().newPage());
  await two.goto(`/chat/${room}`);

  await say(two, "from the second tab");
  await expect(bubble(one, "from the second tab")).toBeVisible();
  await one.close();
  await say(two, "after the first has gone");
  await expect(bubble(two, "after the first has gone").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible({ timeout: 30_000 });
  await ben.send(room, "and an answer");

  await expect(bubble(two, "and an answer")).toBeVisible({ timeout: 30_000 });
  expect(await ann.texts(room)).toEqual(["from the second tab", "after the first has gone", "and an answer"]);
});

test("a tab that the system has stopped does not hold up the next one", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  await ben.send(room, "read me at once");
  const one = await open();
  await signIn(one, ann.username, Person.password, `/chat/${room}`);
  await expect.poll(() => isKept(one, "read me at once")).toBe(true);
  // Longer than this test takes: it holds the socket and cannot let go of it.
  const stopped = one.evaluate(() => { for (const start = performance.now(); performance.now() - start < 40_000; ); });
  stopped.catch(() => undefined);

  const two = watched(await one.context().newPage());
  await two.goto(`/chat/${room}`);
  await expect(bubble(two, "read me at once")).toBeVisible({ timeout: 8000 });
  await say(two, "answered from the second");

  await expect(bubble(two, "answered from the second").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
  await expect(two.getByText("Connecting…")).toBeHidden();
  expect(await ann.texts(room)).toEqual(["read me at once", "answered from the second"]);
});

test("an ended session leads to sign-in, and the draft is still there afterwards", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  const page = await open();
  await signIn(page, ann.username, Person.password, `/chat/${room}`);
  await composer(page).fill("do not lose me");
  await expect(page.getByRole("button", { name: "Send" })).toBeEnabled();

  const { items } = (await ann.call("GET", "/auth/sessions")) as { items: readonly { id: string; current: boolean }[] };
  await Promise.all(items.filter((session) => !session.current).map((session) => ann.call("DELETE", `/auth/sessions/${session.id}`)));
  await expect(page.getByText("You were signed out.")).toBeVisible();
  await page.getByLabel("Username").fill(ann.username);
  await page.getByLabel("Password", { exact: true }).fill(Person.password);
  await page.getByRole("button", { name: "Sign in" }).click();

  await expect(composer(page)).toHaveValue("do not lose me");
});
