/** All rooms of the person, and their order. */

import type { RoomId, UserId } from "../model/ids.js";
import type { ChatRoom } from "../model/room.js";
import { Cell } from "./cell.js";
import { KeyedCells } from "./keyed.js";
import { type ListState, emptyList } from "./list.js";

export class RoomStore {
  readonly list = new Cell<ListState<ChatRoom>>(emptyList);
  readonly #cells = new KeyedCells<RoomId, ChatRoom | null>(null);
  readonly #rooms = new Map<RoomId, ChatRoom>();
  #isOrdering = false;

  /** Called with each room that changed, or is gone. */
  onChange: (roomId: RoomId) => void = () => {};

  of(roomId: RoomId): Cell<ChatRoom | null> {
    return this.#cells.of(roomId);
  }

  get(roomId: RoomId): ChatRoom | null {
    return this.#rooms.get(roomId) ?? null;
  }

  ids(): RoomId[] {
    return [...this.#rooms.keys()];
  }

  /** Newest activity first. */
  ordered(): ChatRoom[] {
    return [...this.#rooms.values()].toSorted((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1));
  }

  directWith(userId: UserId): ChatRoom | null {
    for (const room of this.#rooms.values()) {
      if (room.kind === "direct" && room.participants.some(({ user }) => user.id === userId)) return room;
    }
    return null;
  }

  /**
   * Takes in what the server says of a room. An answer older than what was applied only tells my settings; so does one that is newer but
   * does not know yet how far I have read: what it counts is not unread, and what its events bring is to be counted as they come.
   */
  adopt(snapshot: ChatRoom): void {
    const known = this.#rooms.get(snapshot.id);
    const hasReadOn = known !== undefined && known.lastReadSeq > snapshot.lastReadSeq;
    if (!known || snapshot.lastSeq === known.lastSeq || (snapshot.lastSeq > known.lastSeq && !hasReadOn)) {
      this.#put(hasReadOn ? { ...snapshot, ...readingOf(known) } : snapshot);
      return;
    }
    const { mutedUntil, isPinned, isArchived } = snapshot;
    this.#put({ ...known, mutedUntil, isPinned, isArchived });
  }

  /** The log may have gone back, or its events are passed over: whatever the server says next of these rooms is right. */
  distrust(ids: readonly RoomId[]): void {
    for (const id of ids) this.change(id, (room) => ({ ...room, lastSeq: 0, lastReadSeq: 0 }));
  }

  change(roomId: RoomId, change: (room: ChatRoom) => ChatRoom): void {
    const room = this.#rooms.get(roomId);
    if (room) this.#put(change(room));
  }

  remove(roomId: RoomId): void {
    if (!this.#rooms.delete(roomId)) return;
    this.#cells.of(roomId).set(null);
    this.#order();
    this.onChange(roomId);
  }

  setLoad(load: ListState<ChatRoom>["load"], hasMore: boolean): void {
    this.list.update((list) => ({ ...list, items: this.ordered(), load, hasMore }));
  }

  #put(room: ChatRoom): void {
    if (this.#rooms.get(room.id) === room) return;
    this.#rooms.set(room.id, room);
    this.#cells.of(room.id).set(room);
    this.#order();
    this.onChange(room.id);
  }

  /** Once for all changes of one turn: a resume brings thousands. */
  #order(): void {
    if (this.#isOrdering) return;
    this.#isOrdering = true;
    queueMicrotask(() => {
      this.#isOrdering = false;
      this.list.update((list) => ({ ...list, items: this.ordered() }));
    });
  }
}

function readingOf({ lastReadSeq, unreadCount, mentionCount }: ChatRoom) {
  return { lastReadSeq, unreadCount, mentionCount };
}
