/** How far my messages have got, from how far the others are. */
import type { ChatRoom, Positions, UserId } from "@kith/client";
import type { TickState } from "../../ui/Ticks.tsx";
import type { ShownMessage } from "./rows.ts";

export interface Progress {
  readonly readUpTo: number;
  readonly deliveredUpTo: number;
}

/** A message counts as read when everybody has read it; somebody of whom nothing is known has not. */
export function progressOf(room: ChatRoom | null, positions: Positions, me: UserId): Progress {
  const others = [...positions].flatMap(([userId, position]) => (userId === me ? [] : [position]));
  if (!room || others.length === 0 || others.length < room.participantCount - 1) return { readUpTo: 0, deliveredUpTo: 0 };
  return {
    readUpTo: Math.min(...others.map((position) => position.readSeq)),
    deliveredUpTo: Math.min(...others.map((position) => Math.max(position.deliveredSeq, position.readSeq))),
  };
}

export function tickOf(message: ShownMessage, progress: Progress): TickState {
  if (message.state.kind !== "stored") return message.state.kind;
  return message.seq === null ? "sent" : reached(message.seq, progress);
}

/** How far something stored has got. */
export function reached(seq: number, progress: Progress): "sent" | "delivered" | "read" {
  if (seq <= progress.readUpTo) return "read";
  return seq <= progress.deliveredUpTo ? "delivered" : "sent";
}
