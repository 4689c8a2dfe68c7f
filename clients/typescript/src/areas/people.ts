/** People: search, profiles, presence. */

import type { UserId } from "../model/ids.js";
import type { OwnStatus, Presence } from "../model/presence.js";
import type { User } from "../model/user.js";
import type { Store } from "../store/cell.js";
import type { ListState } from "../store/list.js";

export interface SearchState extends ListState<User> {
  /** What `items` answer. */
  readonly query: string;
}

export interface People {
  /** The one search of this session; `search` drives it. */
  readonly found: Store<SearchState>;
  /** Search as you type: only the last call's answer is shown. Fewer than two characters empty the result. */
  search(query: string): Promise<void>;
  loadMoreFound(): Promise<void>;
  /** A profile; null until `load`. Follows what happens between us. */
  byId(userId: UserId): Store<User | null>;
  load(userId: UserId): Promise<User>;
  /** Null while unknown: watch the people on the screen. */
  presence(userId: UserId): Store<Presence | null>;
  /** Follows some people until the returned function is called. Several callers add up. */
  watch(userIds: readonly UserId[]): () => void;
  setStatus(status: OwnStatus, custom?: string): Promise<void>;
}
