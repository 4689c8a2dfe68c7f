/** Calls of the contract that the served description does not have yet. Each goes away when the description gets it. */

import type { WireSuggestion } from "../wire/people.js";
import type { Schemas } from "../wire/schemas.js";
import type { Rest } from "./rest.js";

interface Upcoming {
  GET(path: "/api/v1/users/search", init: { params: { query: { q: string; cursor?: string } } }): Promise<{ data?: WirePage<Schemas["UserResponse"]> }>;
  GET(path: "/api/v1/friends/suggestions", init: { params: { query: { cursor?: string } } }): Promise<{ data?: WirePage<WireSuggestion> }>;
  DELETE(path: "/api/v1/friends/suggestions/{user_id}", init: { params: { path: { user_id: string } } }): Promise<unknown>;
}

interface WirePage<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

export const upcoming = (rest: Rest): Upcoming => rest as unknown as Upcoming;
