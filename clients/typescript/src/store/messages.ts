/**
 * The messages of one room on this device: the newest stretch, which is complete up to the room's cursor once it is
 * loaded, and after a jump into the past a second stretch, which is then the one shown.
 */

import type { RoomMessages } from "../areas/messages.js";
import type { MessageId, RoomId } from "../model/ids.js";
import type { ChatMessage, PendingMessage } from "../model/message.js";
import type { RoomNote } from "../model/note.js";
import { Cell } from "./cell.js";
import type { LoadState } from "./list.js";
import { type Span, covers, gapsBetween, joined } from "./spans.js";
import * as segment from "./segment.js";

/** What the server answers to a question for messages. */
export interface Page {
  readonly items: segment.Messages;
  readonly hasBefore: boolean;
  readonly hasAfter: boolean;
  /** The log as it was when the page was read: what happened up to here is in it. */
  readonly lastSeq: number;
}

/** Notes, and the stretches of the log of which these are all. */
export interface SavedNotes {
  readonly notes: readonly RoomNote[];
  readonly known: readonly Span[];
}

/** Of each room; older ones are read again when they are looked at. */
const KEPT_NOTES = 100;

interface Stretch {
  readonly items: segment.Messages;
  readonly hasOlder: boolean;
}

/** Counts of reactions are not idempotent: which log entries a message already contains. */
const asOf = new WeakMap<ChatMessage, number>();

export class MessageLog {
  readonly cell: Cell<RoomMessages>;
  readonly roomId: RoomId;
  /** False: only what came live is here; the disk has more, and the server all. */
  isLoaded = false;
  /** How far the server's log was when the newest page was read from it; null before. */
  readUpTo: number | null = null;
  #tail: Stretch = { items: [], hasOlder: true };
  #past: (Stretch & { readonly hasNewer: boolean }) | null = null;
  #notes: readonly RoomNote[] = [];
  #shownNotes: readonly RoomNote[] = [];
  /** Stretches of the log of which all notes are here. */
  #noted: readonly Span[] = [];
  #pending: readonly PendingMessage[] = [];
  #load: LoadState = { kind: "idle" };
  #loading: "older" | "newer" | null = null;

  constructor(roomId: RoomId) {
    this.roomId = roomId;
    this.cell = new Cell(this.#picture());
  }

  get tail(): Stretch {
    return this.#tail;
  }

  /** What is shown. */
  get shown(): Stretch & { readonly hasNewer: boolean } {
    return this.#past ?? { ...this.#tail, hasNewer: false };
  }

  find(id: MessageId): ChatMessage | undefined {
    return segment.find(this.#tail.items, id) ?? (this.#past ? segment.find(this.#past.items, id) : undefined);
  }

  /** Others' undeleted messages above a position, up to an entry of the log; null when this stretch does not reach so far. */
  countUnread(aboveSeq: number, upToSeq: number, me: string): number | null {
    const first = this.#tail.items[0]?.seq ?? Number.POSITIVE_INFINITY;
    if (this.#tail.hasOlder && first > aboveSeq + 1) return null;
    const unread = this.#tail.items.filter(
      (it) => it.seq > aboveSeq && it.seq <= upToSeq && it.senderId !== me && it.deletedAt === null,
    );
    return Math.min(unread.length, 1000);
  }

  /** What the disk had. */
  restore(items: segment.Messages, hasOlder: boolean): void {
    if (this.isLoaded) return;
    this.#tail = { items: segment.merge(items, this.#tail.items), hasOlder };
    this.isLoaded = true;
    this.#show();
  }

  /** Takes in the newest page. Answers whether what was here before is still part of it. */
  adoptNewest(page: Page): boolean {
    remember(page);
    const last = this.#tail.items.at(-1)?.seq;
    const first = page.items[0]?.seq ?? 0;
    const touches = this.isLoaded && last !== undefined && (last >= first || !page.hasBefore);
    const reachesBack = touches && (this.#tail.items[0]?.seq ?? 0) <= first;
    this.#tail = {
      items: touches ? segment.merge(this.#tail.items, page.items) : this.#keepAbove(page),
      hasOlder: reachesBack ? this.#tail.hasOlder : page.hasBefore,
    };
    this.isLoaded = true;
    this.readUpTo = page.lastSeq;
    this.#show();
    return touches;
  }

  adoptOlder(page: Page): void {
    remember(page);
    const items = segment.merge(this.shown.items, page.items);
    if (this.#past) this.#past = { ...this.#past, items, hasOlder: page.hasBefore };
    else this.#tail = { items, hasOlder: page.hasBefore };
    this.#show();
  }

  adoptNewer(page: Page): void {
    if (!this.#past) return;
    remember(page);
    this.#past = { ...this.#past, items: segment.merge(this.#past.items, page.items), hasNewer: page.hasAfter };
    this.#join();
    this.#show();
  }

  /** Shows the surroundings of a message of the past. */
  adoptAround(page: Page): void {
    remember(page);
    this.#past = { items: page.items, hasOlder: page.hasBefore, hasNewer: page.hasAfter };
    this.#join();
    this.#show();
  }

  showNewest(): void {
    this.#past = null;
    this.#show();
  }

  /** Something was said, or changed as a whole. */
  put(message: ChatMessage): void {
    const change = (items: segment.Messages, hasOlder: boolean): segment.Messages => {
      const first = items[0]?.seq;
      // Before the beginning of a stretch it belongs to a page that is not loaded.
      if (hasOlder && first !== undefined && message.seq < first) return items;
      return segment.put(items, message);
    };
    this.#tail = { ...this.#tail, items: change(this.#tail.items, this.#tail.hasOlder) };
    if (this.#past && segment.find(this.#past.items, message.id)) {
      this.#past = { ...this.#past, items: segment.put(this.#past.items, message) };
    }
    this.#show();
  }

  /** Changes a message if it is here and does not contain the log entry yet. */
  change(id: MessageId, seq: number, change: (message: ChatMessage) => ChatMessage): ChatMessage | null {
    const message = this.find(id);
    if (!message || seq <= (asOf.get(message) ?? 0)) return null;
    const changed = change(message);
    this.put(changed);
    return changed;
  }

  /** Takes in all notes of a stretch of the log. */
  adoptNotes(span: Span, notes: readonly RoomNote[]): void {
    this.#noted = joined(this.#noted, span);
    const others = this.#notes.filter(({ seq }) => seq < span.from || seq > span.to);
    this.#notes = [...others, ...notes].toSorted((one, other) => one.seq - other.seq);
    this.#show();
  }

  /** Where, in what is shown, something other than a message happened that is not known here. The log goes from `start` to `end`. */
  unknownSpans(start: number, end: number): readonly Span[] {
    const { items, hasOlder, hasNewer } = this.shown;
    const seqs = items.map(({ seq }) => seq);
    return gapsBetween(seqs, hasOlder ? null : start, hasNewer ? null : end).filter((gap) => !covers(this.#noted, gap));
  }

  /** What outlives this process of the notes. */
  get notes(): SavedNotes {
    const notes = this.#notes.slice(-KEPT_NOTES);
    const from = notes.length < this.#notes.length ? (notes[0]?.seq ?? 0) : 0;
    return { notes, known: this.#noted.filter((span) => span.to >= from).map((span) => ({ from: Math.max(span.from, from), to: span.to })).slice(-KEPT_NOTES) };
  }

  restoreNotes({ notes, known }: SavedNotes): void {
    this.#notes = notes;
    this.#noted = known;
    this.#show();
  }

  /** Nothing here is known to be complete any more. */
  reset(): void {
    this.#tail = { items: [], hasOlder: true };
    this.#past = null;
    this.isLoaded = false;
    this.readUpTo = null;
    this.#notes = [];
    this.#noted = [];
    this.#show();
  }

  setPending(pending: readonly PendingMessage[]): void {
    this.#pending = pending;
    this.#show();
  }

  setLoad(load: LoadState): void {
    this.#load = load;
    this.#show();
  }

  setLoading(loading: "older" | "newer" | null): void {
    this.#loading = loading;
    this.#show();
  }

  /** Live messages above the page that came while it was on its way. */
  #keepAbove(page: Page): segment.Messages {
    return [...page.items, ...this.#tail.items.filter((message) => message.seq > page.lastSeq)];
  }

  /** A past stretch that has reached the newest one becomes part of it. */
  #join(): void {
    const past = this.#past;
    if (!past) return;
    const first = this.#tail.items[0]?.seq ?? Number.POSITIVE_INFINITY;
    const last = past.items.at(-1)?.seq ?? 0;
    if (past.hasNewer && last < first) return;
    const before = past.items.filter((message) => message.seq < first);
    this.#tail = { items: [...before, ...this.#tail.items], hasOlder: past.hasOlder };
    this.#past = null;
  }

  #show(): void {
    this.cell.set(this.#picture());
  }

  #picture(): RoomMessages {
    const { items, hasOlder, hasNewer } = this.shown;
    const notes = this.#notes.filter(({ seq }) => (!hasOlder || seq > (items[0]?.seq ?? 0)) && (!hasNewer || seq < (items.at(-1)?.seq ?? 0)));
    // The same list while the same is in it: what is drawn from it is not drawn again.
    if (notes.length !== this.#shownNotes.length || notes.some((note, at) => note !== this.#shownNotes[at])) this.#shownNotes = notes;
    return {
      items,
      notes: this.#shownNotes,
      pending: this.#pending,
      hasOlder,
      hasNewer,
      load: this.#load,
      isLoadingOlder: this.#loading === "older",
      isLoadingNewer: this.#loading === "newer",
    };
  }
}

function remember(page: Page): void {
  for (const message of page.items) asOf.set(message, page.lastSeq);
}
