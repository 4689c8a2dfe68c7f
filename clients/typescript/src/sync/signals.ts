/** What this device says about reading, receiving and typing: little, and not more often than anybody needs. */

import { ApiError } from "../api/error.js";
import type { RoomId } from "../model/ids.js";
import type { World } from "../store/world.js";
import type { Link } from "./link.js";

const READ_PAUSE_MS = 300;
const DELIVERED_PAUSE_MS = 500;
/** Others show it for 6 s. */
const TYPING_AGAIN_MS = 3_000;
const TYPING_ENDS_MS = 5_000;

type Timer = ReturnType<typeof setTimeout>;

export class Signals {
  readonly #world: World;
  readonly #link: Link;
  /** What is not confirmed yet. */
  readonly #reads: Map<RoomId, number>;
  readonly #delivered = new Map<RoomId, number>();
  readonly #typing = new Map<RoomId, { saidAt: number; timer: Timer }>();
  #readTimer: Timer | undefined;
  #deliveredTimer: Timer | undefined;

  constructor(world: World, link: Link, reads: Map<RoomId, number>) {
    this.#reads = reads;
    this.#world = world;
    this.#link = link;
    link.state.subscribe(() => {
      if (link.state.getSnapshot().kind === "live") this.#sendReads();
    });
  }

  /** Shown at once, told a moment later; without a connection, when there is one again. */
  read(roomId: RoomId, seq: number): void {
    const room = this.#world.rooms.get(roomId);
    const position = Math.min(seq, room?.lastSeq ?? 0);
    if (!room || position <= room.lastReadSeq) return;
    const isAtEnd = position >= room.lastSeq;
    const counted = this.#world.log(roomId).countUnread(position, room.lastSeq, this.#world.me.getSnapshot().id);
    this.#world.rooms.change(roomId, (it) => ({
      ...it,
      lastReadSeq: position,
      unreadCount: isAtEnd ? 0 : (counted ?? it.unreadCount),
      mentionCount: isAtEnd ? 0 : it.mentionCount,
    }));
    this.#reads.set(roomId, position);
    this.#readTimer ??= setTimeout(() => this.#sendReads(), READ_PAUSE_MS);
  }

  delivered(roomId: RoomId, seq: number): void {
    this.#delivered.set(roomId, Math.max(seq, this.#delivered.get(roomId) ?? 0));
    this.#deliveredTimer ??= setTimeout(() => this.#sendDelivered(), DELIVERED_PAUSE_MS);
  }

  typing(roomId: RoomId, active: boolean): void {
    const known = this.#typing.get(roomId);
    clearTimeout(known?.timer);
    if (!active) {
      this.#typing.delete(roomId);
      if (known) this.#link.notify({ t: "typing", room_id: roomId, active: false });
      return;
    }
    const now = Date.now();
    const isDue = !known || now - known.saidAt >= TYPING_AGAIN_MS;
    if (isDue) this.#link.notify({ t: "typing", room_id: roomId, active: true });
    const timer = setTimeout(() => this.typing(roomId, false), TYPING_ENDS_MS);
    this.#typing.set(roomId, { saidAt: isDue ? now : known.saidAt, timer });
  }

  /** Says at once what would be said in a moment. */
  flush(): void {
    this.#sendReads();
    this.#sendDelivered();
  }

  stop(): void {
    clearTimeout(this.#readTimer);
    clearTimeout(this.#deliveredTimer);
    for (const { timer } of this.#typing.values()) clearTimeout(timer);
  }

  #sendReads(): void {
    clearTimeout(this.#readTimer);
    this.#readTimer = undefined;
    const kind = this.#link.state.getSnapshot().kind;
    if (kind !== "live" && kind !== "resuming") return;
    for (const [roomId, seq] of this.#reads) void this.#sendRead(roomId, seq);
  }

  async #sendRead(roomId: RoomId, seq: number): Promise<void> {
    try {
      const answer = await this.#link.request("read", { room_id: roomId, seq });
      if (this.#reads.get(roomId) === seq) this.#reads.delete(roomId);
      this.#world.rooms.change(roomId, (room) =>
        room.lastReadSeq === answer.last_read_seq && room.lastSeq === seq ? { ...room, unreadCount: answer.unread_count } : room,
      );
    } catch (error) {
      // What is refused for good, because the room is gone, is forgotten; the rest goes out with the next connection.
      if (error instanceof ApiError && !error.retryable) this.#reads.delete(roomId);
    }
  }

  #sendDelivered(): void {
    clearTimeout(this.#deliveredTimer);
    this.#deliveredTimer = undefined;
    for (const [room_id, seq] of this.#delivered) this.#link.notify({ t: "delivered", room_id, seq });
    this.#delivered.clear();
  }
}
