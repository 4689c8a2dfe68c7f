/** Messages of a room: reading both ways, sending, reading receipts. */

import type { ClientId, MessageId, RoomId } from "../model/ids.js";
import type { ChatMessage, MessageReadReceipt, PendingMessage } from "../model/message.js";
import type { RoomNote } from "../model/note.js";
import type { Store } from "../store/cell.js";
import type { LoadState } from "../store/list.js";
import type { Drafts } from "../store/drafts.js";
import type { Signals } from "../sync/signals.js";
import type { Core } from "./core.js";
import { createPaging } from "./paging.js";

/** What is shown of a room: one stretch without holes, and what I am sending. */
export interface RoomMessages {
  /** Ascending by `seq`. */
  readonly items: readonly ChatMessage[];
  /** Joins, leaves and the like within this stretch, ascending by `seq`. */
  readonly notes: readonly RoomNote[];
  /** My sends that are not in `items` yet, in the order of sending. They belong after the newest message. */
  readonly pending: readonly PendingMessage[];
  readonly hasOlder: boolean;
  /** True after a jump into the past, until `loadNewer` or `jumpToNewest` arrives at the end. */
  readonly hasNewer: boolean;
  readonly load: LoadState;
  readonly isLoadingOlder: boolean;
  readonly isLoadingNewer: boolean;
}

export interface Send {
  readonly text: string;
  readonly replyTo?: MessageId;
}

export interface Messages {
  of(roomId: RoomId): Store<RoomMessages>;
  /** Shows what is on this device at once, and the newest from the server. Call it when a room is opened. */
  open(roomId: RoomId): Promise<void>;
  loadOlder(roomId: RoomId): Promise<void>;
  loadNewer(roomId: RoomId): Promise<void>;
  /** Shows the surroundings of one message. */
  jumpTo(roomId: RoomId, seq: number): Promise<void>;
  jumpToNewest(roomId: RoomId): Promise<void>;
  /** Resolves when the message is on this device's disk and shown; it goes out by itself, once, whatever happens. */
  sendMessage(roomId: RoomId, message: Send): Promise<PendingMessage>;
  /** Sends again what was refused. */
  retry(clientId: ClientId): Promise<void>;
  /** Forgets what was refused. */
  discard(clientId: ClientId): Promise<void>;
  /** Everything up to `seq` is read; never moves back. Calls in quick succession become one. */
  markRead(roomId: RoomId, seq: number): void;
  /** Say true on each keystroke and false on leaving; the rest is taken care of. */
  setTyping(roomId: RoomId, active: boolean): void;
  /** Tells each message of somebody else once, when it arrives: live, or after a break. Ends with the returned function. */
  onArrival(listener: (message: ChatMessage) => void): () => void;
  receipts(messageId: MessageId): Promise<readonly MessageReadReceipt[]>;
  /** What was typed and not sent: kept on this device, gone at logout. */
  draft(roomId: RoomId): Store<string>;
  setDraft(roomId: RoomId, text: string): void;
}

/** Who wants to be told. */
export type Arrivals = Set<(message: ChatMessage) => void>;

export function createMessages(core: Core, signals: Signals, drafts: Drafts, arrivals: Arrivals): Messages {
  const { world, source, outbox } = core;
  return {
    of: (roomId) => world.log(roomId).cell,
    ...createPaging(core),
    sendMessage: async (roomId, { text, replyTo }) => {
      signals.typing(roomId, false);
      world.log(roomId).showNewest();
      return outbox.add(roomId, text, replyTo ?? null);
    },
    retry: (clientId) => outbox.retry(clientId),
    discard: (clientId) => outbox.discard(clientId),
    markRead: (roomId, seq) => signals.read(roomId, seq),
    setTyping: (roomId, active) => signals.typing(roomId, active),
    onArrival: (listener) => {
      arrivals.add(listener);
      return () => arrivals.delete(listener);
    },
    receipts: (id) => source.receipts(id),
    draft: (roomId) => drafts.of(roomId),
    setDraft: (roomId, text) => drafts.set(roomId, text),
  };
}
