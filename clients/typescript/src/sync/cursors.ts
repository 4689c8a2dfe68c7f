/**
 * Is this device complete? Holds the last applied entry of each room's log and of the person's own, and judges what
 * arrives: the next one is applied, a repeated one dropped, and a hole is named. Does no input or output.
 */

import type { RoomId } from "../model/ids.js";
import type { Resume } from "../wire/frames.js";

/** Rooms that fit into one `resume`. */
const MAX_RESUMED_ROOMS = 500;

export type Verdict =
  /** The cursor has moved; apply it. */
  | "apply"
  | "repeated"
  /** Something is missing before it; fetch, and do not apply it now. */
  | "missing"
  /** The room is not tracked: load it first. */
  | "unknown";

export class Cursors {
  #epoch: number | null = null;
  #useq = 0;
  /** Superseded entries of the own log are gone, so a resume has holes that are none. */
  #isResuming = false;
  #isFilled = false;
  readonly #rooms = new Map<RoomId, number>();
  /** The highest seq heard of, per room: what there is to have. */
  readonly #heads = new Map<RoomId, number>();

  get epoch(): number | null {
    return this.#epoch;
  }

  get useq(): number {
    return this.#useq;
  }

  /** Whether all that no log tells of was read: what stood already where the cursors began. */
  get isFilled(): boolean {
    return this.#isFilled;
  }

  /** Everything is to be read anew. */
  beginFill(): void {
    this.#isFilled = false;
  }

  endFill(): void {
    this.#isFilled = true;
  }

  /** Begins anew at a head: all rooms are to be loaded. */
  start(epoch: number, useq: number): void {
    this.#epoch = epoch;
    this.#useq = useq;
    this.#isResuming = false;
    this.#isFilled = false;
    this.#rooms.clear();
    this.#heads.clear();
  }

  beginResume(): void {
    this.#isResuming = true;
  }

  endResume(useq: number): void {
    this.#isResuming = false;
    this.#useq = Math.max(this.#useq, useq);
  }

  /** What to present; null before the first start. Of very many rooms, those given first go along. */
  resume(order: readonly RoomId[]): Resume | null {
    if (this.#epoch === null) return null;
    const rooms: Record<string, number> = {};
    let count = 0;
    for (const room of order) {
      const cursor = this.#rooms.get(room);
      if (cursor === undefined) continue;
      rooms[room] = cursor;
      count += 1;
      if (count === MAX_RESUMED_ROOMS) break;
    }
    return { epoch: this.#epoch, useq: this.#useq, rooms };
  }

  room(room: RoomId): number | null {
    return this.#rooms.get(room) ?? null;
  }

  /** Everything up to `seq` is here, or is not ours to see. Never moves back. */
  track(room: RoomId, seq: number): void {
    this.#rooms.set(room, Math.max(seq, this.#rooms.get(room) ?? 0));
  }

  forget(room: RoomId): void {
    this.#rooms.delete(room);
    this.#heads.delete(room);
  }

  /** Takes note that a room's log reaches `seq`. */
  heard(room: RoomId, seq: number): void {
    this.#heads.set(room, Math.max(seq, this.#heads.get(room) ?? 0));
  }

  isBehind(room: RoomId): boolean {
    const cursor = this.#rooms.get(room);
    return cursor !== undefined && cursor < (this.#heads.get(room) ?? 0);
  }

  event(room: RoomId, seq: number): Verdict {
    this.heard(room, seq);
    const cursor = this.#rooms.get(room);
    if (cursor === undefined) return "unknown";
    if (seq <= cursor) return "repeated";
    if (seq > cursor + 1) return "missing";
    this.#rooms.set(room, seq);
    return "apply";
  }

  userEvent(useq: number): Exclude<Verdict, "unknown"> {
    if (useq <= this.#useq) return "repeated";
    if (useq > this.#useq + 1 && !this.#isResuming) return "missing";
    this.#useq = useq;
    return "apply";
  }
}
