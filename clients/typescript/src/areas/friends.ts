/** Friends, requests, blocks and suggestions. */

import { type Rest, answer } from "../api/rest.js";
import { allPages } from "../api/source.js";
import type { BlockedPerson, Friend, FriendRequest, RequestAction, Suggestion } from "../model/friend.js";
import type { FriendRequestId, UserId } from "../model/ids.js";
import type { Store } from "../store/cell.js";
import type { ListState } from "../store/list.js";
import { fill } from "../sync/loader.js";
import { toFriendRequest, toSuggestion } from "../wire/people.js";
import type { Core } from "./core.js";

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
  /** Tells each request of mine that is accepted, when that is heard. Ends with the returned function. */
  onAccepted(listener: (request: FriendRequest) => void): () => void;
}

/** Who wants to be told. */
export type Acceptances = Set<(request: FriendRequest) => void>;

export function createFriends({ world, rest, device }: Core, acceptances: Acceptances): Friends {
  const { friends } = world;
  const adopt = (request: FriendRequest): FriendRequest => {
    friends.adoptRequest(request);
    world.setRelation(request.user.id, request.user.relation);
    return request;
  };
  return {
    list: friends.list,
    incoming: friends.incoming,
    outgoing: friends.outgoing,
    blocked: friends.blocked,
    suggestions: friends.suggestions,
    load: () => device.loader.load("friends"),
    loadRequests: () => device.loader.load("requests"),
    loadBlocked: () => device.loader.load("blocked"),
    loadSuggestions: () => fill(friends.suggestions, () => suggestions(rest)),
    sendFriendRequest: async (user_id, note) =>
      adopt(toFriendRequest(await answer(rest.POST("/api/v1/friends/requests", { body: { user_id, ...(note && { note }) } })))),
    respond: async (id, action) =>
      adopt(toFriendRequest(await answer(rest.PUT("/api/v1/friends/requests/{id}", { params: { path: { id } }, body: { action } })))),
    remove: async (user_id) => {
      await rest.DELETE("/api/v1/friends/{user_id}", { params: { path: { user_id } } });
      friends.removeFriend(user_id);
      world.setRelation(user_id, "none");
    },
    block: async (user_id) => {
      const known = world.people.of(user_id).getSnapshot() ?? friends.find(user_id);
      await rest.POST("/api/v1/friends/block/{user_id}", { params: { path: { user_id } } });
      if (known) friends.block({ user: { ...known, relation: "blocked" }, blockedAt: Date.now() });
      world.setRelation(user_id, "blocked");
    },
    unblock: async (user_id) => {
      await rest.DELETE("/api/v1/friends/block/{user_id}", { params: { path: { user_id } } });
      friends.unblock(user_id);
      world.setRelation(user_id, "none");
    },
    dismissSuggestion: async (user_id) => {
      friends.dropSuggestion(user_id);
      await rest.DELETE("/api/v1/friends/suggestions/{user_id}", { params: { path: { user_id } } });
    },
    onAccepted: (listener) => {
      acceptances.add(listener);
      return () => acceptances.delete(listener);
    },
  };
}

const suggestions = (rest: Rest) =>
  allPages((cursor) => answer(rest.GET("/api/v1/friends/suggestions", { params: { query: { ...cursor } } })), toSuggestion);
