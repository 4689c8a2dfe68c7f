/** What was typed and not sent, room by room. */

import type { RoomId } from "../model/ids.js";
import type { Storage } from "../persist/storage.js";
import { KeyedCells } from "./keyed.js";

/** Nobody loses more than this of their typing to a crash. */
const DELAY_MS = 300;

export class Drafts {
  readonly #cells = new KeyedCells<RoomId, string>("");
  readonly #storage: Pick<Storage, "drafts" | "putDraft">;
  readonly #unsaved = new Set<RoomId>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(storage: Pick<Storage, "drafts" | "putDraft">) {
    this.#storage = storage;
  }

  async restore(): Promise<void> {
    for (const [roomId, text] of await this.#storage.drafts()) this.#cells.of(roomId).set(text);
  }

  of(roomId: RoomId) {
    return this.#cells.of(roomId);
  }

  set(roomId: RoomId, text: string): void {
    this.#cells.of(roomId).set(text);
    this.#unsaved.add(roomId);
    // What was sent must not come back as a draft, also when the tab closes at once.
    if (text === "") void this.save();
    else this.#timer ??= setTimeout(() => void this.save(), DELAY_MS);
  }

  async save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const rooms = [...this.#unsaved];
    this.#unsaved.clear();
    await Promise.all(rooms.map((roomId) => this.#storage.putDraft(roomId, this.#cells.of(roomId).getSnapshot())));
  }
}
