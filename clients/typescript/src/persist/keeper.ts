/**
 * Writes what changes to the storage, a moment later and in one piece, and brings back what was written. Only the
 * leading tab writes; the others read.
 */

import type { MessageId, RoomId } from "../model/ids.js";
import type { ChatMessage } from "../model/message.js";
import type { RoomNote } from "../model/note.js";
import type { SavedNotes } from "../store/messages.js";
import type { Span } from "../store/spans.js";
import type { World } from "../store/world.js";
import type { Cursors } from "../sync/cursors.js";
import type { MessageOp, SavedRoom, SavedState, Storage, Tail } from "./storage.js";

/** Changes of this long go into one transaction. */
const DELAY_MS = 250;
/** Messages that a room shows from the disk. */
const SHOWN = 200;
/** A tab that leads is asked to write, and waited for this long. */
const SETTLE_MS = 300;
/** Failures in a row after which this disk is left alone. */
const MAX_FAILURES = 5;

export class Keeper {
  readonly #storage: Storage;
  readonly #world: World;
  readonly #cursors: Cursors;
  readonly #tails = new Map<RoomId, Tail>();
  readonly #dirty = new Set<RoomId>();
  readonly #loads = new Map<RoomId, { done: Promise<void>; after: (() => void)[] }>();
  /** Of rooms that were not looked at yet: most never are, and each costs time at a start. */
  readonly #unread = new Map<RoomId, SavedNotes>();
  #ops: MessageOp[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** Positions that are shown already and that the server has not confirmed. */
  readonly reads = new Map<RoomId, number>();
  /** What was read at the start, until this tab leads. */
  #read: { readonly written: string; readonly rooms: ReadonlyMap<RoomId, Pick<SavedRoom, "cursor" | "tail">> } | null = null;
  #isClosed = false;
  #isWriting = false;
  #failures = 0;

  /** Makes the disk complete before it is read: here by writing, in a following tab by asking the leading one. */
  #settleDisk: () => Promise<void> = () => this.settle();

  constructor(storage: Storage, world: World, cursors: Cursors) {
    this.#storage = storage;
    this.#world = world;
    this.#cursors = cursors;
    world.rooms.onChange = (roomId) => (world.rooms.get(roomId) ? this.touch(roomId) : this.#forget(roomId));
  }

  /**
   * From now on this tab writes. What the former leader had not written yet is here in memory or can be read from the
   * server; a stored tail that does not end where this device is counts as none.
   */
  async lead(): Promise<void> {
    const saved = await this.#savedNow();
    this.#isWriting = true;
    this.#settleDisk = () => this.settle();
    this.#tails.clear();
    for (const roomId of new Set([...this.#world.rooms.ids(), ...saved.keys()])) {
      const stored = saved.get(roomId);
      if (stored && stored.cursor === this.#cursors.room(roomId)) {
        if (stored.tail) this.#tails.set(roomId, stored.tail);
      } else if (this.#world.log(roomId).isLoaded) this.paged(roomId, true);
      else this.#op({ kind: "clear", roomId });
    }
  }

  /**
   * From now on another tab writes; `settle` asks it to write what it has. What is on the disk already is shown all the
   * same when it takes long over that: the rest comes from the server.
   */
  follow(settle: () => Promise<void>): void {
    this.#isWriting = false;
    this.#ops = [];
    this.#dirty.clear();
    this.#settleDisk = () => within(SETTLE_MS, settle());
  }

  /** Everything but messages, which are read room by room. */
  async restore(): Promise<void> {
    const { state, rooms } = await this.#storage.load();
    if (!state) return;
    this.#read = { written: state.written, rooms: new Map(rooms.map(({ id, cursor, tail }) => [id, { cursor, tail }])) };
    this.#cursors.start(state.epoch, state.useq);
    if (state.isFilled) this.#cursors.endFill();
    for (const { id, room, cursor, tail, notes } of rooms) {
      this.#world.rooms.adopt(room);
      this.#cursors.track(id, cursor);
      if (notes.known.length > 0) this.#unread.set(id, notes);
      if (tail) this.#tails.set(id, tail);
    }
    const { friends } = this.#world;
    this.#world.me.set(state.me);
    this.#world.privacy.set(state.privacy);
    friends.list.update((list) => ({ ...list, items: state.friends }));
    friends.incoming.update((list) => ({ ...list, items: state.incoming }));
    friends.outgoing.update((list) => ({ ...list, items: state.outgoing }));
    for (const [roomId, seq] of state.reads) this.reads.set(roomId, seq);
    this.#world.rooms.setLoad({ kind: "ready" }, false);
  }

  /** Brings a room's stored messages into memory. */
  async loadLog(roomId: RoomId): Promise<void> {
    const log = this.#world.log(roomId);
    if (log.isLoaded) return;
    const load = this.#loads.get(roomId);
    if (load) return load.done;
    const after: (() => void)[] = [];
    const done = this.#readLog(roomId)
      .then(() => after.forEach((step) => step()))
      .finally(() => this.#loads.delete(roomId));
    this.#loads.set(roomId, { done, after });
    return done;
  }

  keep(message: ChatMessage): void {
    this.#world.log(message.roomId).put(message);
    if (!this.#tails.has(message.roomId)) this.#tails.set(message.roomId, { from: message.seq, hasOlder: true });
    this.#op({ kind: "put", message });
    this.touch(message.roomId);
  }

  amend(roomId: RoomId, id: MessageId, seq: number, change: (message: ChatMessage) => ChatMessage): void {
    const log = this.#world.log(roomId);
    const changed = log.change(id, seq, change);
    if (changed) this.#op({ kind: "put", message: changed });
    else if (!log.isLoaded) {
      // It may be on the disk, or just on its way from there.
      this.#loads.get(roomId)?.after.push(() => log.change(id, seq, change));
      this.#op({ kind: "amend", id, change });
    }
    this.touch(roomId);
  }

  /** Of this stretch of the log, these are all notes. */
  noted(roomId: RoomId, span: Span, notes: readonly RoomNote[]): void {
    this.#restoreNotes(roomId);
    this.#world.log(roomId).adoptNotes(span, notes);
    this.touch(roomId);
  }

  /** The log begins with what comes next. */
  beginsAt(roomId: RoomId, seq: number): void {
    this.#tails.set(roomId, { from: seq, hasOlder: false });
  }

  /** The newest stretch in memory changed by a page; `isNew` says that nothing of the former one is left. */
  paged(roomId: RoomId, isNew: boolean): void {
    const { items, hasOlder } = this.#world.log(roomId).tail;
    const kept = items.slice(-SHOWN);
    if (isNew) this.#op({ kind: "clear", roomId });
    for (const message of kept) this.#op({ kind: "put", message });
    const from = kept[0]?.seq;
    if (from !== undefined) this.#tails.set(roomId, { from, hasOlder: hasOlder || kept.length < items.length });
    this.touch(roomId);
  }

  reset(roomId: RoomId): void {
    this.#unread.delete(roomId);
    this.#world.log(roomId).reset();
    this.#tails.delete(roomId);
    this.#op({ kind: "clear", roomId });
    this.touch(roomId);
  }

  touch(roomId?: RoomId): void {
    if (!this.#isWriting || this.#isClosed) return;
    if (roomId) this.#dirty.add(roomId);
    this.#timer ??= setTimeout(() => void this.flush(), DELAY_MS);
  }

  /** Resolves when everything up to here is written. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Resolves when nothing waits to be written: mostly at once, so that whoever opens a room does not wait for the disk twice. */
  settle(): Promise<void> {
    const isWaiting = this.#timer !== undefined || this.#ops.length > 0 || this.#dirty.size > 0;
    return isWaiting ? this.flush() : this.#writing;
  }

  async close(): Promise<void> {
    await this.flush();
    this.#isClosed = true;
  }

  /** What the disk has; read again only when somebody wrote since the last time. Two thousand rooms take a while. */
  async #savedNow(): Promise<ReadonlyMap<RoomId, Pick<SavedRoom, "cursor" | "tail">>> {
    const read = this.#read;
    this.#read = null;
    if (read && (await this.#storage.state())?.written === read.written) return read.rooms;
    const { rooms } = await this.#storage.load();
    return new Map(rooms.map((room) => [room.id, room]));
  }

  #restoreNotes(roomId: RoomId): void {
    const notes = this.#unread.get(roomId);
    if (notes && this.#unread.delete(roomId)) this.#world.log(roomId).restoreNotes(notes);
  }

  #forget(roomId: RoomId): void {
    this.#unread.delete(roomId);
    this.#tails.delete(roomId);
    this.#op({ kind: "clear", roomId });
    this.touch(roomId);
  }

  #op(op: MessageOp): void {
    if (this.#isWriting) this.#ops.push(op);
  }

  async #readLog(roomId: RoomId): Promise<void> {
    await this.#settleDisk();
    const { tail, messages } = await this.#storage.log(roomId);
    const items = messages.slice(-SHOWN);
    const isCut = items.length < messages.length;
    // With a memory storage a room begins with what the server says.
    const hasOlder = !tail || tail.hasOlder || isCut || items.length === 0;
    this.#restoreNotes(roomId);
    this.#world.log(roomId).restore(items, hasOlder);
  }

  async #write(): Promise<void> {
    const { epoch, useq } = this.#cursors;
    // Before the first answer of the server there is no place in its logs to write down: what gathers waits for it.
    if (!this.#isWriting || this.#isClosed || epoch === null) return;
    const ops = this.#ops;
    const dirty = [...this.#dirty];
    this.#ops = [];
    this.#dirty.clear();
    const saved = dirty.map((id) => this.#saved(id));
    const rooms = saved.filter((room) => room !== null);
    // No longer mine, or about to be loaded anew, which brings it back here. Messages that were read meanwhile stay.
    const removed = dirty.filter((_, index) => saved[index] === null);
    try {
      const batch = { state: this.#state(epoch, useq), rooms, removed, messages: ops };
      for (const [roomId, tail] of await this.#storage.write(batch)) this.#tails.set(roomId, tail);
      this.#failures = 0;
    } catch {
      this.#afterFailure(ops, dirty);
    }
  }

  /** The next change tries again with all of it, because a cursor must not run ahead of its messages. */
  #afterFailure(ops: readonly MessageOp[], rooms: readonly RoomId[]): void {
    this.#failures += 1;
    this.#ops = [...ops, ...this.#ops];
    for (const id of rooms) this.#dirty.add(id);
    if (this.#failures < MAX_FAILURES) return;
    // A full or vanished disk costs offline reading and nothing else: what it has stays as it was.
    this.#isWriting = false;
    this.#ops = [];
  }

  #saved(id: RoomId): SavedRoom | null {
    const room = this.#world.rooms.get(id);
    const cursor = this.#cursors.room(id);
    return room && cursor !== null ? { id, room, cursor, tail: this.#tails.get(id) ?? null, notes: this.#unread.get(id) ?? this.#world.log(id).notes } : null;
  }

  #state(epoch: number, useq: number): SavedState {
    const { me, privacy, friends } = this.#world;
    return {
      written: crypto.randomUUID(),
      epoch,
      useq,
      isFilled: this.#cursors.isFilled,
      me: me.getSnapshot(),
      privacy: privacy.getSnapshot(),
      friends: friends.list.getSnapshot().items,
      incoming: friends.incoming.getSnapshot().items,
      outgoing: friends.outgoing.getSnapshot().items,
      reads: [...this.reads],
    };
  }
}

/** Resolves when the work is done or failed, or after this time. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => {}), late]);
  clearTimeout(timer);
}
