/** How this device stands to the server. */

import type { Timestamp } from "./ids.js";

export type ConnectionState =
  /** Not started. */
  | { readonly kind: "idle" }
  | { readonly kind: "connecting" }
  /** Connected; the token is being checked. */
  | { readonly kind: "authenticating" }
  /** Accepted; what was missed is being sent. */
  | { readonly kind: "resuming" }
  /** Up to date, and told of everything at once. */
  | { readonly kind: "live" }
  /** No connection; the next try is at `retryAt`. */
  | { readonly kind: "backing_off"; readonly retryAt: Timestamp; readonly attempt: number }
  /** No further try: `signed_out` needs a new login, the others an operator or a newer client. */
  | { readonly kind: "stopped"; readonly reason: StopReason };

export type StopReason =
  | "closed"
  | "signed_out"
  | "account_disabled"
  | "too_many_devices"
  | "protocol";
