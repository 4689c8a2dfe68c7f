/** Whether somebody is there. */

import type { Timestamp } from "./ids.js";

export interface Presence {
  readonly status: "online" | "away" | "offline";
  /** Null when it is unknown or not for me to know. */
  readonly lastSeenAt: Timestamp | null;
  /** Their own words about it. */
  readonly custom: string | null;
}

/** What I say about myself. */
export type OwnStatus = "online" | "away" | "invisible";
