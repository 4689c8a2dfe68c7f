/** Who is typing where. Nobody types longer than 6 s without saying so again. */

import type { RoomId, UserId } from "../model/ids.js";
import { KeyedCells } from "./keyed.js";

const SHOWN_MS = 6_000;

export class TypingStore {
  readonly #cells = new KeyedCells<RoomId, readonly UserId[]>([]);
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  of(roomId: RoomId) {
    return this.#cells.of(roomId);
  }

  set(roomId: RoomId, userId: UserId, isActive: boolean): void {
    const key = `${roomId} ${userId}`;
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    const cell = this.#cells.of(roomId);
    const others = cell.getSnapshot().filter((id) => id !== userId);
    if (isActive) {
      this.#timers.set(
        key,
        setTimeout(() => this.set(roomId, userId, false), SHOWN_MS),
      );
      if (others.length === cell.getSnapshot().length) cell.set([...others, userId]);
    } else if (others.length < cell.getSnapshot().length) cell.set(others);
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#cells.reset();
  }
}
