/** Stretches of messages, ascending by seq. Every function leaves its input as it is. */

import type { MessageId } from "../model/ids.js";
import type { ChatMessage } from "../model/message.js";

export type Messages = readonly ChatMessage[];

/** Where `seq` is or belongs. Searches from the end, where nearly everything happens. */
function place(items: Messages, seq: number): number {
  let at = items.length;
  while (at > 0 && (items[at - 1]?.seq ?? 0) >= seq) at -= 1;
  return at;
}

/** Puts a message in its place, or in the place of its former version. */
export function put(items: Messages, message: ChatMessage): Messages {
  const at = place(items, message.seq);
  const isThere = items[at]?.seq === message.seq;
  return [...items.slice(0, at), message, ...items.slice(isThere ? at + 1 : at)];
}

export function find(items: Messages, id: MessageId): ChatMessage | undefined {
  return items.findLast((message) => message.id === id);
}

/** Both stretches as one; where they overlap the second is right. */
export function merge(first: Messages, second: Messages): Messages {
  const from = second[0]?.seq;
  const to = second.at(-1)?.seq;
  if (from === undefined || to === undefined) return first;
  return [...first.slice(0, place(first, from)), ...second, ...first.slice(place(first, to + 1))];
}
