import { ApiError, type ErrorCode } from "@kith/client";
import { expect, test } from "vitest";
import { codeText, fieldText } from "../state/errors.ts";
import { arabic } from "./arabic.ts";
import { english, type MessageKey } from "./catalogue.ts";
import { german } from "./german.ts";
import { translator } from "./translator.ts";

const languages = [translator("en", english), translator("de", german), translator("ar", arabic)];

test("every language has the places that English has", () => {
  const places = (text: unknown): string => [...JSON.stringify(typeof text === "string" ? text : (text as { other: string }).other).matchAll(/\{\w+\}/g)].map(([place]) => place).toSorted().join();
  const wrong = (Object.keys(english) as MessageKey[]).filter((key) => places(german[key]) !== places(english[key]) || places(arabic[key]) !== places(english[key]));

  expect(wrong).toEqual([]);
});

test("plurals follow the language", () => {
  const count = (n: number): readonly string[] => languages.map(({ t }) => t("chat.members", { count: n }));

  expect(count(1)).toEqual(["1 member", "1 Mitglied", "عضو واحد"]);
  expect(count(2)[2]).toBe("عضوان");
  expect(count(5)[0]).toBe("5 members");
});

test("a name of the other direction is kept apart from the sentence", () => {
  expect(languages[0]?.t("chat.typingOne", { name: "عمر" })).toBe("\u2068عمر\u2069 is typing");
});

test("every code has a sentence of its own in every language", () => {
  const codes: readonly ErrorCode[] = ["invalid_request", "too_large", "unauthenticated", "invalid_credentials", "forbidden", "not_allowed_by_privacy", "not_found", "conflict", "username_taken", "already_requested", "already_friends", "request_closed", "cannot_target_self", "client_id_reused", "last_owner", "room_full", "rate_limited", "unavailable", "timeout", "internal", "network"];
  for (const language of languages) {
    const sentences = codes.map((code) => codeText(language, code));
    expect(new Set(sentences).size).toBe(codes.length);
    expect(sentences.join()).not.toMatch(/undefined|\{/);
    expect(codeText(language, "brand_new")).toContain("brand_new");
  }
});

const refused = (field: string, code: string): ApiError =>
  new ApiError({ code: "invalid_field", status: 400, message: "", errors: [{ field, code, message: "" }], retryable: false, retryAfterMs: null, requestId: null });

test("the sentence for a field stands at that field", () => {
  const error = refused("password", "too_short");

  expect(languages.map((language) => fieldText(language, error, "password"))).toEqual(["That is too short.", "Das ist zu kurz.", "هذا قصير جدًا."]);
  expect(languages.map((language) => fieldText(language, error, "username"))).toEqual([undefined, undefined, undefined]);
});

test("what is wrong is said by the code, whatever the field is called", () => {
  const said = (field: string, code: string): string | undefined => fieldText(translator("en", english), refused(field, code), field);

  expect(said("username", "invalid")).toBe(english["error.username"]);
  expect(said("display_name", "invalid")).toBe(english["error.characters"]);
  expect(said("longest_admin", "reserved")).toBe(english["error.reserved"]);
});
