/** People: search, profiles, presence. */

import { ApiError } from "../api/error.js";
import { answer } from "../api/rest.js";
import type { UserId } from "../model/ids.js";
import type { OwnStatus, Presence } from "../model/presence.js";
import type { User } from "../model/user.js";
import type { Store } from "../store/cell.js";
import { type SearchState, emptyList } from "../store/list.js";
import { failed } from "../sync/loader.js";
import { toUser } from "../wire/people.js";
import type { Core } from "./core.js";
import type { Watching } from "../sync/watching.js";

export interface People {
  /** The one search of this session; `search` drives it. */
  readonly found: Store<SearchState>;
  /** Search as you type: only the last call's answer is shown. Fewer than two characters empty the result. */
  search(query: string): Promise<void>;
  loadMoreFound(): Promise<void>;
  /** A profile; null until `load`. Follows what happens between us. Of an account that is gone since, no user name is left. */
  byId(userId: UserId): Store<User | null>;
  load(userId: UserId): Promise<User>;
  /** Null while unknown: watch the people on the screen. */
  presence(userId: UserId): Store<Presence | null>;
  /** Follows some people until the returned function is called. Several callers add up. */
  watch(userIds: readonly UserId[]): () => void;
  setStatus(status: OwnStatus, custom?: string): Promise<void>;
}

const SHORTEST = 2;
/** Typing goes on: only what stands still for this long is searched for. */
const PAUSE_MS = 150;

export function createPeople(core: Core, watching: Watching): People {
  const { world, device, link } = core;
  return {
    ...createSearch(core),
    byId: (userId) => world.people.of(userId),
    load: (userId) => device.loader.person(userId),
    presence: (userId) => world.presence.of(userId),
    watch: (userIds) => watching.add(userIds),
    setStatus: async (status, custom) => {
      await link.request("status", { status, ...(custom !== undefined && { custom }) });
    },
  };
}

function createSearch({ rest, world: { found } }: Core) {
  let cursor: string | null = null;
  let turn = 0;

  const read = async (query: string, from: string | null) => {
    const params = { query: { q: query, ...(from && { cursor: from }) } };
    return answer(rest.GET("/api/v1/users/search", { params }));
  };

  /** Takes in an answer, unless something else was searched for meanwhile. */
  const show = async (mine: number, query: string, known: SearchState["items"], from: string | null): Promise<void> => {
    try {
      const page = await read(query, from);
      if (mine !== turn) return;
      cursor = page.next_cursor;
      found.set({ query, items: [...known, ...page.items.map(toUser)], load: { kind: "ready" }, hasMore: cursor !== null });
    } catch (error) {
      if (mine === turn) found.update((state) => ({ ...state, query, load: failed(error) }));
      if (!(error instanceof ApiError)) throw error;
    }
  };

  return {
    found,
    search: async (text: string): Promise<void> => {
      turn += 1;
      const mine = turn;
      const query = text.trim();
      if ([...query].length < SHORTEST) {
        found.set({ ...emptyList, query });
        return;
      }
      found.update((state) => ({ ...state, load: { kind: "loading" } }));
      await new Promise((resolve) => {
        setTimeout(resolve, PAUSE_MS);
      });
      if (mine === turn) await show(mine, query, [], null);
    },
    loadMoreFound: async (): Promise<void> => {
      const { query, items, load } = found.getSnapshot();
      if (cursor === null || load.kind === "loading") return;
      found.update((state) => ({ ...state, load: { kind: "loading" } }));
      await show(turn, query, items, cursor);
    },
  };
}
