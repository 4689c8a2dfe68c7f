/** What to do when a connection ends: one table. */

import type { StopReason } from "../model/connection.js";

export type AfterClose =
  | { readonly kind: "reconnect" }
  /** With a new access token. */
  | { readonly kind: "refresh" }
  | { readonly kind: "stop"; readonly reason: StopReason };

const TABLE: ReadonlyMap<number, AfterClose> = new Map<number, AfterClose>([
  [4002, { kind: "refresh" }],
  // The token does not hold. Whether the session does, the refresh tells.
  [4501, { kind: "refresh" }],
  [4502, { kind: "stop", reason: "signed_out" }],
  [4503, { kind: "stop", reason: "account_disabled" }],
  [4504, { kind: "stop", reason: "too_many_devices" }],
]);

/** 4500 to 4999 mean stop; anything else, known or not, means try again. */
export function afterClose(code: number): AfterClose {
  const listed = TABLE.get(code);
  if (listed) return listed;
  return code >= 4500 && code <= 4999 ? { kind: "stop", reason: "protocol" } : { kind: "reconnect" };
}
