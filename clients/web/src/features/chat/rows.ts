/**
 * What the message list shows: one row per message, stored or on its way, and nothing else, so that a row added above
 * is always exactly one message. Days, the unread line, the beginning and what else happened (joins, leaves, new names)
 * are marks on the row they stand above; what happened last of all stands below the last row.
 */
import type { ChatMessage, ClientId, MessageId, PendingMessage, PendingState, RoomMessages, RoomNote, UserId } from "@kith/client";
import { daysBetween } from "../../i18n/times.ts";

export interface ShownQuote {
  readonly id: MessageId;
  readonly seq: number | null;
  readonly senderId: UserId;
  readonly excerpt: string;
}

export interface ShownMessage {
  /** The same before and after it is stored, so that a sent bubble is not made anew. */
  readonly key: string;
  readonly id: MessageId | null;
  readonly seq: number | null;
  readonly clientId: ClientId | null;
  readonly senderId: UserId;
  /** Null once deleted. */
  readonly text: string | null;
  readonly createdAt: number;
  readonly isEdited: boolean;
  readonly mentions: readonly UserId[];
  readonly quote: ShownQuote | null;
  readonly state: { readonly kind: "stored" } | PendingState;
}

export interface Row {
  readonly message: ShownMessage;
  readonly place: "only" | "first" | "middle" | "last";
  /** A new day begins here: a moment of it. */
  readonly day: number | null;
  readonly isFirstUnread: boolean;
  readonly isBeginning: boolean;
  readonly notes: readonly RoomNote[];
  readonly notesBelow: readonly RoomNote[];
}

const none: readonly RoomNote[] = [];

/** Messages of one person within this time belong together. */
const runMs = 5 * 60_000;

/** What of a room's messages the rows are made of. */
export type RowSource = Pick<RoomMessages, "items" | "notes" | "pending" | "hasOlder" | "hasNewer">;

export function rowsOf(messages: RowSource, me: UserId, unreadAfter: number | null): readonly Row[] {
  const shown = [...messages.items.map(storedMessage), ...pendingMessages(messages, me)];
  const { above, below } = placed(messages.notes, messages.items);
  let unreadLeft = unreadAfter;
  return shown.map((message, index) => {
    const before = shown[index - 1];
    const after = shown[index + 1];
    const notes = above.get(message.seq) ?? none;
    const notesBelow = index === messages.items.length - 1 ? below : none;
    const isBrokenAfter = notesBelow.length > 0 || (after !== undefined && above.has(after.seq));
    const isFirstUnread = unreadLeft !== null && message.seq !== null && message.seq > unreadLeft && message.senderId !== me;
    if (isFirstUnread) unreadLeft = null;
    const isBrokenBefore = isFirstUnread || notes.length > 0 || (below.length > 0 && index === messages.items.length);
    const continues = !isBrokenBefore && belongTogether(before, message);
    const goesOn = !isBrokenAfter && belongTogether(message, after);
    return {
      message,
      place: continues ? (goesOn ? "middle" : "last") : goesOn ? "first" : "only",
      day: !before || daysBetween(before.createdAt, message.createdAt) !== 0 ? message.createdAt : null,
      isFirstUnread,
      isBeginning: index === 0 && !messages.hasOlder,
      notes,
      notesBelow,
    };
  });
}

/** Each note above the first message that came after it, the newest ones below all of them. */
function placed(notes: readonly RoomNote[], items: readonly ChatMessage[]): { readonly above: ReadonlyMap<number | null, readonly RoomNote[]>; readonly below: readonly RoomNote[] } {
  const above = new Map<number | null, RoomNote[]>();
  const below: RoomNote[] = [];
  let at = 0;
  for (const note of notes) {
    while (at < items.length && (items[at]?.seq ?? 0) < note.seq) at += 1;
    const next = items[at];
    if (next) above.set(next.seq, [...(above.get(next.seq) ?? []), note]);
    else below.push(note);
  }
  return { above, below };
}

const stored = { kind: "stored" } as const;
const cache = new WeakMap<ChatMessage, ShownMessage>();

/** Stored messages are immutable, and so is their shown form: an unchanged message is not drawn again. */
function storedMessage(message: ChatMessage): ShownMessage {
  let shown = cache.get(message);
  if (!shown) {
    shown = {
      key: message.clientId ?? message.id,
      id: message.id,
      seq: message.seq,
      clientId: message.clientId,
      senderId: message.senderId,
      text: message.text,
      createdAt: message.createdAt,
      isEdited: message.editedAt !== null && message.deletedAt === null,
      mentions: message.mentions,
      quote: message.replyTo,
      state: stored,
    };
    cache.set(message, shown);
  }
  return shown;
}

function pendingMessages({ items, pending, hasNewer }: RowSource, me: UserId): readonly ShownMessage[] {
  // They come after the newest message; in a stretch of the past that place is not on the screen.
  if (hasNewer) return [];
  return pending.map((message) => pendingMessage(message, items, me));
}

function pendingMessage(message: PendingMessage, items: readonly ChatMessage[], me: UserId): ShownMessage {
  const answered = message.replyTo === null ? undefined : items.find((item) => item.id === message.replyTo);
  return {
    key: message.clientId,
    id: null,
    seq: null,
    clientId: message.clientId,
    senderId: me,
    text: message.text,
    createdAt: message.createdAt,
    isEdited: false,
    mentions: [],
    quote: answered ? { id: answered.id, seq: answered.seq, senderId: answered.senderId, excerpt: answered.text ?? "" } : null,
    state: message.state,
  };
}

function belongTogether(one: ShownMessage | undefined, other: ShownMessage | undefined): boolean {
  return !!one && !!other && one.senderId === other.senderId && other.createdAt - one.createdAt < runMs && daysBetween(one.createdAt, other.createdAt) === 0;
}
