/** Which conversations stay in the document when another one opens. */
import type { RoomId } from "@kith/client";

export interface OpenRoom {
  readonly roomId: RoomId;
  /** The message that the address names. */
  readonly target: string | null;
}

export interface KeptRoom extends OpenRoom {
  /** Another number is another opening: nothing of the former one is shown again. */
  readonly opening: number;
}

export interface KeptRooms {
  /** In the order of their first opening, as moving one in the document would scroll it. */
  readonly rooms: readonly KeptRoom[];
  readonly shown: RoomId | null;
  /** The least recent first. */
  readonly visits: readonly RoomId[];
  readonly openings: number;
}

export const nothingKept: KeptRooms = { rooms: [], shown: null, visits: [], openings: 0 };

const most = 5;

/** `isNews` says that something in a room waits to be read. */
export function afterOpening(kept: KeptRooms, open: OpenRoom | null, isNews: (roomId: RoomId) => boolean): KeptRooms {
  if (open === null) return { ...kept, shown: null };
  const { roomId, target } = open;
  const former = kept.rooms.find((room) => room.roomId === roomId);
  if (former && kept.shown === roomId && former.target === target) return kept;
  const isAsItWas = former && (kept.shown === roomId || target !== null || !isNews(roomId));
  const openings = isAsItWas ? kept.openings : kept.openings + 1;
  const room: KeptRoom = { roomId, target, opening: isAsItWas ? former.opening : openings };
  const visits = [...kept.visits.filter((id) => id !== roomId), roomId].slice(-most);
  const others = former ? kept.rooms.map((item) => (item === former ? room : item)) : [...kept.rooms, room];
  return { rooms: others.filter((item) => visits.includes(item.roomId)), shown: roomId, visits, openings };
}
