/** Friends, requests and blocked people: lists that follow the person's own log once they are loaded. */

import type { BlockedPerson, Friend, FriendRequest, Suggestion } from "../model/friend.js";
import type { FriendRequestId, UserId } from "../model/ids.js";
import type { User } from "../model/user.js";
import { Cell } from "./cell.js";
import { type ListState, emptyList } from "./list.js";

export class FriendStore {
  readonly list = new Cell<ListState<Friend>>(emptyList);
  readonly incoming = new Cell<ListState<FriendRequest>>(emptyList);
  readonly outgoing = new Cell<ListState<FriendRequest>>(emptyList);
  readonly blocked = new Cell<ListState<BlockedPerson>>(emptyList);
  readonly suggestions = new Cell<ListState<Suggestion>>(emptyList);

  /** Takes in where a request stands. */
  adoptRequest(request: FriendRequest): void {
    const cell = request.direction === "incoming" ? this.incoming : this.outgoing;
    this.#dropRequest(request.id);
    if (request.status === "pending") {
      cell.update((list) => ({ ...list, items: [request, ...list.items] }));
      this.#drop(this.suggestions, request.user.id);
    } else if (request.status === "accepted") {
      this.addFriend({ user: request.user, since: request.respondedAt ?? request.createdAt, presence: null });
    }
  }

  addFriend(friend: Friend): void {
    this.list.update((list) => {
      const others = list.items.filter(({ user }) => user.id !== friend.user.id);
      return { ...list, items: [...others, friend].toSorted(byName) };
    });
    this.#drop(this.suggestions, friend.user.id);
  }

  removeFriend(userId: UserId): void {
    this.#drop(this.list, userId);
  }

  /** A block ends friendship and requests. */
  block(person: BlockedPerson): void {
    this.blocked.update((list) => {
      const others = list.items.filter(({ user }) => user.id !== person.user.id);
      return { ...list, items: [person, ...others] };
    });
    this.#drop(this.list, person.user.id);
    this.#drop(this.incoming, person.user.id);
    this.#drop(this.outgoing, person.user.id);
    this.#drop(this.suggestions, person.user.id);
  }

  unblock(userId: UserId): void {
    this.#drop(this.blocked, userId);
  }

  dropSuggestion(userId: UserId): void {
    this.#drop(this.suggestions, userId);
  }

  /** Any of these lists that knows the person. */
  find(userId: UserId): User | null {
    for (const cell of [this.list, this.incoming, this.outgoing, this.suggestions, this.blocked]) {
      const items: readonly { readonly user: User }[] = cell.getSnapshot().items;
      const found = items.find(({ user }) => user.id === userId);
      if (found) return found.user;
    }
    return null;
  }

  #dropRequest(id: FriendRequestId): void {
    for (const cell of [this.incoming, this.outgoing]) {
      cell.update((list) => without(list, (request) => request.id === id));
    }
  }

  #drop<T extends { readonly user: User }>(cell: Cell<ListState<T>>, userId: UserId): void {
    cell.update((list) => without(list, ({ user }) => user.id === userId));
  }
}

const byName = (a: Friend, b: Friend): number => a.user.displayName.localeCompare(b.user.displayName);

/** The same list when there is nothing to take away, so that nobody is told. */
function without<T>(list: ListState<T>, isGone: (item: T) => boolean): ListState<T> {
  const items = list.items.filter((item) => !isGone(item));
  return items.length === list.items.length ? list : { ...list, items };
}
