/** What happened in a room besides what was said. */

import type { Timestamp, UserId } from "./ids.js";
import type { Role } from "./room.js";
import type { Person } from "./user.js";

/** Something that a room's history mentions in a quiet line. Its `seq` is its place among the messages. */
export type RoomNote = { readonly seq: number; readonly at: Timestamp } & (
  | { readonly kind: "created"; readonly by: Person | null }
  | { readonly kind: "joined" | "left"; readonly who: Person }
  | { readonly kind: "role"; readonly who: Person; readonly role: Role }
  | { readonly kind: "renamed"; readonly byId: UserId; readonly name: string }
);
