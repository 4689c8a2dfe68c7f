/** Reads whole lists from the server into the stores: at the first start, and when the log no longer reaches back. */

import { ApiError } from "../api/error.js";
import type { Source } from "../api/source.js";
import type { RoomId, UserId } from "../model/ids.js";
import type { ChatRoom } from "../model/room.js";
import type { User } from "../model/user.js";
import type { Cell } from "../store/cell.js";
import type { ListState, LoadState } from "../store/list.js";
import type { World } from "../store/world.js";
import type { Reload } from "./effects.js";

/** A list that changes more often than this while it is read is taken as it was read last. */
const READ_AGAIN = 3;

export class Loader {
  readonly #source: Source;
  readonly #world: World;
  readonly #flights = new Map<string, Promise<void>>();

  constructor(source: Source, world: World) {
    this.#source = source;
    this.#world = world;
  }

  /** All rooms, the first page shown at once. Answers whether it got to the end, and which rooms there are. */
  async rooms(onRoom: (room: ChatRoom) => void): Promise<ReadonlySet<RoomId>> {
    const { rooms } = this.#world;
    const seen = new Set<RoomId>();
    try {
      for (const isArchived of [false, true]) {
        let cursor: string | null = null;
        do {
          const page = await this.#source.rooms(isArchived, cursor);
          for (const room of page.items) {
            seen.add(room.id);
            onRoom(room);
          }
          cursor = page.next;
          rooms.setLoad({ kind: "ready" }, cursor !== null);
        } while (cursor !== null);
      }
      return seen;
    } catch (error) {
      rooms.setLoad(failed(error), true);
      throw error;
    }
  }

  /** One of the small lists; several calls at once are one. */
  async load(what: Reload): Promise<void> {
    const flight = this.#flights.get(what) ?? this.#load(what).finally(() => this.#flights.delete(what));
    this.#flights.set(what, flight);
    return flight;
  }

  /** A profile as it is now. When the account is gone, its name goes from everything that is here. */
  async person(id: UserId): Promise<User> {
    try {
      const user = await this.#source.user(id);
      this.#world.people.of(id).set(user);
      return user;
    } catch (error) {
      if (error instanceof ApiError && error.code === "not_found") this.#world.forgetPerson(id);
      throw error;
    }
  }

  /** Reads somebody anew of whom more than a friendship is shown: a profile that is open, or the name of a direct room. */
  async refreshPerson(id: UserId): Promise<void> {
    const { people, rooms } = this.#world;
    if (people.of(id).isWatched || rooms.directWith(id)) await this.person(id);
  }

  async #load(what: Reload): Promise<void> {
    const { friends, me, privacy } = this.#world;
    if (what === "me") {
      me.set(await this.#source.me());
      privacy.set(await this.#source.privacy());
    } else if (what === "friends") await fill(friends.list, () => this.#source.friends());
    else if (what === "blocked") await fill(friends.blocked, () => this.#source.blocked());
    else {
      const first = this.#source.requests();
      // One reading serves both lists, unless one of them has to be read again.
      const facing = (direction: string) => {
        let requests: typeof first | null = first;
        return async () => {
          const read = await (requests ?? this.#source.requests());
          requests = null;
          return read.filter((request) => request.direction === direction);
        };
      };
      await Promise.all([fill(friends.incoming, facing("incoming")), fill(friends.outgoing, facing("outgoing"))]);
    }
  }
}

/**
 * Reads a list into its cell and says how it went; what was there stays until then. A list that changes meanwhile is read again,
 * a few times at most: what was read may be older than the change.
 */
export async function fill<T>(cell: Cell<ListState<T>>, read: () => Promise<readonly T[]>): Promise<void> {
  cell.update((list) => ({ ...list, load: { kind: "loading" } }));
  try {
    let [before, items] = [cell.getSnapshot().items, await read()];
    for (let again = 0; again < READ_AGAIN && cell.getSnapshot().items !== before; again += 1) {
      [before, items] = [cell.getSnapshot().items, await read()];
    }
    cell.set({ items, load: { kind: "ready" }, hasMore: false });
  } catch (error) {
    cell.update((list) => ({ ...list, load: failed(error) }));
    throw error;
  }
}

export function failed(error: unknown): LoadState {
  return { kind: "failed", error: error instanceof ApiError ? error : ApiError.network(error) };
}
