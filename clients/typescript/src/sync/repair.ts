/** Goes and gets what is missing: events of a room, of the own log, or a room as a whole. One at a time for each. */

import { ApiError } from "../api/error.js";
import type { Source } from "../api/source.js";
import type { RoomId } from "../model/ids.js";
import type { ChatRoom } from "../model/room.js";
import type { Keeper } from "../persist/keeper.js";
import type { World } from "../store/world.js";
import type { WireEvent, WireUserEvent } from "../wire/frames.js";
import type { Cursors } from "./cursors.js";
import type { Link } from "./link.js";

export interface RepairOptions {
  readonly world: World;
  readonly cursors: Cursors;
  readonly keeper: Keeper;
  readonly source: Source;
  readonly link: Link;
  readonly onEvent: (event: WireEvent) => void;
  readonly onUserEvent: (event: WireUserEvent) => void;
  readonly onRoom: (room: ChatRoom) => void;
  readonly onGone: (roomId: RoomId) => void;
  /** The own log does not reach back: read everything anew. */
  readonly onTooLong: () => Promise<void>;
}

/** Events of one fetch. */
const FETCHED = 500;
/** A room further behind shows its newest page instead of everything in between. */
const TOO_FAR = 2_000;

export class Repair {
  readonly #options: RepairOptions;
  readonly #filling = new Set<RoomId>();
  readonly #checking = new Set<RoomId>();
  #isSyncing = false;
  #userHead = 0;

  constructor(options: RepairOptions) {
    this.#options = options;
  }

  /** Fetches what a room lacks, until nothing is known to be missing. */
  async room(id: RoomId): Promise<void> {
    const { cursors } = this.#options;
    if (this.#filling.has(id)) return;
    this.#filling.add(id);
    try {
      while (cursors.isBehind(id)) if (!(await this.#step(id))) break;
    } catch (error) {
      // Without a connection the next resume brings it; a room that is gone brings `room.removed`.
      ignoreRefusal(error);
    } finally {
      this.#filling.delete(id);
    }
  }

  /** Too much is missing: the room as it is now, and its messages page by page. */
  async reset(id: RoomId): Promise<void> {
    const { cursors, keeper, world, source, onRoom } = this.#options;
    try {
      const room = await source.room(id);
      const wasLoaded = world.log(id).isLoaded;
      keeper.reset(id);
      cursors.track(id, room.lastSeq);
      world.rooms.distrust([id]);
      onRoom(room);
      if (!wasLoaded) return;
      world.log(id).adoptNewest(await source.messages(id, {}));
      keeper.paged(id, true);
    } catch (error) {
      ignoreRefusal(error);
    }
  }

  /** Is this a room of mine, and how is it now? */
  async recheck(id: RoomId): Promise<void> {
    if (this.#checking.has(id)) return;
    this.#checking.add(id);
    try {
      this.#options.onRoom(await this.#options.source.room(id));
    } catch (error) {
      if (error instanceof ApiError && error.code === "not_found") this.#options.onGone(id);
      else ignoreRefusal(error);
    } finally {
      this.#checking.delete(id);
    }
  }

  /** Gets what the own log lacks up to `head`. */
  async userLog(head: number): Promise<void> {
    const { cursors } = this.#options;
    this.#userHead = Math.max(this.#userHead, head);
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    try {
      while (cursors.epoch !== null && cursors.useq < this.#userHead) {
        const before = cursors.useq;
        await this.#syncUserLog(cursors.epoch);
        if (cursors.useq === before) break;
      }
    } catch (error) {
      ignoreRefusal(error);
    } finally {
      this.#isSyncing = false;
      this.#userHead = 0;
    }
  }

  async #syncUserLog(epoch: number): Promise<void> {
    const { cursors, source, onUserEvent, onTooLong } = this.#options;
    const answer = await source.sync({ epoch, useq: cursors.useq, rooms: {} });
    if (cursors.epoch !== epoch) return;
    cursors.beginResume();
    for (const event of answer.user_events) onUserEvent(event);
    cursors.endResume(answer.useq);
    if (answer.user_too_long) await onTooLong();
  }

  /** False when there is nothing more to come: the stay has ended. */
  async #step(id: RoomId): Promise<boolean> {
    const { cursors, link, onEvent } = this.#options;
    const after = cursors.room(id) ?? 0;
    const page = await link.request("fetch", { room_id: id, after, limit: FETCHED });
    if (page.last_seq - after > TOO_FAR) {
      await this.reset(id);
      return cursors.room(id) !== after;
    }
    if (cursors.room(id) === null) return false;
    // Below it nothing is ours to see.
    cursors.track(id, page.from_seq - 1);
    for (const event of page.events) onEvent(event);
    return cursors.room(id) !== after;
  }
}

/** Reading goes wrong for want of a connection; the next `heads` or resume tries again. Anything else is a fault. */
export function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ApiError)) throw error;
}
