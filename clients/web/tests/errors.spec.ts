/** Whatever the server refuses, in whatever language: a sentence that helps, and nothing typed is lost. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { WebSocketRoute } from "@playwright/test";
import { arabic } from "../src/i18n/arabic.ts";
import { english, type Catalogue } from "../src/i18n/catalogue.ts";
import { german } from "../src/i18n/german.ts";
import { bubble, composer, expect, isKept, signIn, test } from "./support/journey.ts";
import { Person } from "./support/person.ts";

const languages = [["en", english], ["de", german], ["ar", arabic]] as const;
const retryable = new Set(["timeout", "unavailable", "rate_limited", "internal"]);

test("every refusal of a form is told in a sentence of the reader's language, and the form stays as it was", async ({ open }) => {
  const codes = await publishedCodes();
  expect(codes.length).toBeGreaterThan(20);
  const page = await open();
  let code = "";
  await page.route("**/api/v1/auth/register", (route) => route.fulfill({ status: 409, contentType: "application/problem+json", body: JSON.stringify({ type: "about:blank", title: code, status: 409, code, detail: "not for people", request_id: "r", retryable: retryable.has(code), retry_after_ms: 3000 }) }));
  for (const [locale, words] of languages) {
    await page.goto("/signin");
    await page.evaluate((chosen) => localStorage.setItem("kith.preferences", JSON.stringify({ locale: chosen })), locale);
    await page.goto("/signup");
    await page.getByLabel(words["session.displayName"]).fill("Ann Ahlers");
    await page.getByLabel(words["session.username"]).fill("ann.ahlers");
    await page.getByLabel(words["session.password"], { exact: true }).fill(Person.password);
    const known = sentences(words);
    for (code of codes) {
      const answered = page.waitForResponse("**/api/v1/auth/register");
      await page.getByRole("button", { name: words["session.signUp"] }).click();
      await answered;
      const told = page.getByRole("alert");
      await expect(told).toBeVisible();
      expect(known, `${locale} ${code}`).toContain(plain(await told.innerText()));
    }
    await expect(page.getByLabel(words["session.displayName"])).toHaveValue("Ann Ahlers");
    await expect(page.getByLabel(words["session.username"])).toHaveValue("ann.ahlers");
    await expect(page.getByLabel(words["session.password"], { exact: true })).toHaveValue(Person.password);
  }
});

test("every refusal of a message keeps its words: to be sent again, or still on their way", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ann.befriend(ben);
  const room = await ann.openDirect(ben);
  const codes = await publishedCodes();
  const page = await open();
  const refused = new Map<string, string>();
  await page.routeWebSocket("**/api/v1/ws", (socket) => refuse(socket, refused));
  await signIn(page, ann.username, Person.password, `/chat/${room}`);
  const known = sentences(english);
  for (const code of codes) {
    const text = `about ${code}.`;
    refused.set(text, code);
    await composer(page).fill(text);
    await composer(page).press("Enter");
    await expect(bubble(page, text)).toBeVisible();
    if (!retryable.has(code)) {
      const told = bubble(page, text).getByText(/^Not sent: /);
      await expect(told).toBeVisible();
      expect(known).toContain(plain(await told.innerText()).replace("Not sent: ", ""));
    }
    expect(await isKept(page, text)).toBe(true);
    // The server comes to its senses: what it could not do it does by itself, what it would not when it is asked again.
    refused.clear();
    if (!retryable.has(code)) await bubble(page, text).getByRole("button", { name: "Send again" }).click();
    await expect(bubble(page, text).getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
  }
  expect((await ann.texts(room)).toSorted()).toEqual(codes.map((code) => `about ${code}.`).toSorted());
});

test("a token that stops holding in the middle is renewed, and the person notices nothing", async ({ kith, open }) => {
  const ann = await Person.register(kith.api, "Ann Ahlers");
  const ben = await Person.register(kith.api, "Ben Brandt");
  await ben.call("POST", "/friends/requests", { user_id: ann.id });
  const page = await open();
  const begun = page.waitForResponse("**/api/v1/friends/requests?*");
  await signIn(page, ann.username, Person.password, "/friends");
  // What is refused is what the person asks for next, not what is under way from the start.
  await begun;
  let refusals = 0;
  await page.route("**/api/v1/friends/requests?*", (route) => {
    refusals += 1;
    if (refusals > 1) return route.continue();
    return route.fulfill({ status: 401, contentType: "application/problem+json", headers: { "www-authenticate": "Bearer" }, body: JSON.stringify({ type: "about:blank", title: "", status: 401, code: "token_expired", detail: "", request_id: "r", retryable: false }) });
  });
  const renewed = page.waitForRequest("**/api/v1/auth/refresh");
  await page.getByRole("link", { name: /Requests/ }).click();

  await expect(page.getByRole("link", { name: /Ben Brandt/ })).toBeVisible();
  await renewed;
  await expect(page.getByRole("status").filter({ hasText: /./ })).toHaveCount(0);
});

/** The words that the services may answer with, from where they are defined. */
async function publishedCodes(): Promise<readonly string[]> {
  const proto = await readFile(resolve(import.meta.dirname, "../../../proto/kith/common/v1/error_reason.proto"), "utf8");
  const names = [...proto.matchAll(/^ {2}ERROR_REASON_(\w+) = \d+/gm)].map(([, name = ""]) => name.toLowerCase());
  return names.filter((name) => name !== "unspecified");
}

/** What may be said of an error; "did not work" alone is no help. */
function sentences(words: Catalogue): readonly string[] {
  const texts = Object.entries(words).flatMap(([key, text]) => (typeof text === "string" && key !== "error.unknown" && /^(?:error|app)\./.test(key) ? [text] : []));
  return texts.map((text) => plain(text.replace("{time}", "3 s")));
}

/** Without the marks that keep directions apart. */
const plain = (text: string): string => text.replaceAll(/[\u2066-\u2069]/g, "").trim();

/** Passes everything on but the sends of some texts, which get the code that they are to get. */
function refuse(socket: WebSocketRoute, refused: ReadonlyMap<string, string>): void {
  const server = socket.connectToServer();
  socket.onMessage((data) => {
    const frame = JSON.parse(String(data)) as { readonly t: string; readonly ref?: string; readonly text?: string };
    const code = frame.t === "send" ? refused.get(frame.text ?? "") : undefined;
    if (code === undefined) server.send(data);
    else socket.send(JSON.stringify({ t: "err", ref: frame.ref, code, message: "not for people", retryable: retryable.has(code), retry_after_ms: 50 }));
  });
}
