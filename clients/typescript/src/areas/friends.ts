/** Friends, requests, blocks and suggestions. */

import type { BlockedPerson, Friend, FriendRequest, RequestAction, Suggestion } from "../model/friend.js";
import type { FriendRequestId, UserId } from "../model/ids.js";
import type { Store } from "../store/cell.js";
import type { ListState } from "../store/list.js";

export interface Friends {
  /** By name. Loaded with `load`, then up to date. */
  readonly list: Store<ListState<Friend>>;
  /** Pending ones that others sent me. */
  readonly incoming: Store<ListState<FriendRequest>>;
  /** Pending ones that I sent. */
  readonly outgoing: Store<ListState<FriendRequest>>;
  readonly blocked: Store<ListState<BlockedPerson>>;
  readonly suggestions: Store<ListState<Suggestion>>;
  load(): Promise<void>;
  loadRequests(): Promise<void>;
  loadBlocked(): Promise<void>;
  loadSuggestions(): Promise<void>;
  /** To somebody who already asked me: friends at once, and the status is `accepted`. */
  sendFriendRequest(userId: UserId, note?: string): Promise<FriendRequest>;
  respond(requestId: FriendRequestId, action: RequestAction): Promise<FriendRequest>;
  remove(userId: UserId): Promise<void>;
  block(userId: UserId): Promise<void>;
  unblock(userId: UserId): Promise<void>;
  dismissSuggestion(userId: UserId): Promise<void>;
}
