/** A sentence for every way in which the server can refuse, chosen by its code and never by its words. */
import { ApiError, type ErrorCode, type FieldError } from "@kith/client";
import type { MessageKey } from "../i18n/catalogue.ts";
import type { Translator } from "../i18n/translator.ts";

const sentences: Readonly<Record<ErrorCode, MessageKey>> = {
  invalid_request: "error.invalid",
  invalid_field: "error.invalid",
  unknown_field: "error.invalid",
  malformed_json: "error.invalid",
  unsupported_media_type: "error.invalid",
  method_not_allowed: "error.invalid",
  cursor_invalid: "error.invalid",
  too_large: "error.tooLarge",
  unauthenticated: "error.signedOut",
  token_expired: "error.signedOut",
  signed_out: "error.signedOut",
  invalid_credentials: "error.credentials",
  forbidden: "error.forbidden",
  not_allowed_by_privacy: "error.privacy",
  not_found: "error.notFound",
  conflict: "error.conflict",
  username_taken: "error.usernameTaken",
  already_requested: "error.alreadyRequested",
  already_friends: "error.alreadyFriends",
  request_closed: "error.requestClosed",
  cannot_target_self: "error.self",
  client_id_reused: "error.clientIdReused",
  last_owner: "error.lastOwner",
  room_full: "error.roomFull",
  rate_limited: "error.rateLimited",
  unavailable: "error.unavailable",
  timeout: "error.timeout",
  internal: "error.internal",
  bad_frame: "error.invalid",
  hello_timeout: "error.timeout",
  auth_failed: "error.signedOut",
  revoked: "error.signedOut",
  account_disabled: "app.disabled",
  too_many_devices: "app.tooManyDevices",
  slow: "error.timeout",
  network: "error.network",
};

export function codeText({ t }: Translator, code: string, retryAfterMs: number | null = null): string {
  const key = (sentences as Readonly<Record<string, MessageKey>>)[code];
  if (!key) return t("error.unknown", { code });
  return t(key, { time: waitText(retryAfterMs ?? 5000) });
}

export function errorText(translator: Translator, error: unknown): string {
  if (error instanceof ApiError) return codeText(translator, error.code, error.retryAfterMs);
  return codeText(translator, "network");
}

/** The server says that it is not there; a network that is away says nothing of the kind. */
export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.code === "not_found";

const fieldWords: readonly (readonly [RegExp, MessageKey])[] = [
  [/long|large|many|max/, "error.tooLong"],
  [/short|small|few|min/, "error.tooShort"],
  [/required|missing|blank|empty/, "error.required"],
  [/charset|character|format|pattern|invalid/, "error.characters"],
  [/reserved/, "error.reserved"],
  [/taken/, "error.usernameTaken"],
];

/** What is wrong with one field, when the server named it. */
export function fieldText({ t }: Translator, error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const found = error.errors.find((item: FieldError) => item.field === field || item.field.startsWith(`${field}[`) || item.field.startsWith(`${field}.`));
  if (!found) return undefined;
  // Of a username it can be said which characters it may have.
  if (field === "username" && found.code === "invalid") return t("error.username");
  return t(fieldWords.find(([pattern]) => pattern.test(found.code))?.[1] ?? "error.field");
}

function waitText(ms: number): string {
  return `${Math.max(1, Math.ceil(ms / 1000))} s`;
}
