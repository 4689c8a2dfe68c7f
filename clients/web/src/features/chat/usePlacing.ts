/**
 * Where a list of messages is kept: at the row where reading begins, until a hand moves it or everything above has come; or at
 * its newest, for as long as it is there.
 */
import { useLayoutEffect } from "react";
import type { VListHandle } from "virtua";
import type { Row } from "./rows.ts";

/** Sizes and the first older page are here by then. */
const settleMs = 2000;
/** Between the edge and the row where reading begins. */
const placeGap = 16;

/** What the rows are, as far as their place depends on it. */
export interface PlacedRows {
  readonly rows: readonly Row[];
  readonly isShown: boolean;
  /** There is more above, asked for or not: a line at the top of these rows may belong further up. */
  readonly isCutAbove: boolean;
}

export interface Track {
  keys: readonly string[];
  generation: number;
  isAtEnd: boolean;
  /** Where it was when it last told a move. */
  offset: number;
  isPlaced: boolean;
  /** A hand has moved the list since it was last at its end. Sizes that become known only later move it as well. */
  isHeld: boolean;
  /** The row where reading begins is at the top. It stays there for a moment, or until a hand moves the list, whatever comes in above. */
  isKept: boolean;
  keptUntil: number;
  /** That moment is over, but the line may still move up, into what takes long to come: it is followed then, unless a hand has moved the list. */
  isAwaited: boolean;
  /** Older messages did not come: a hand that moves the list asks for them again, nothing else does. */
  isRefused: boolean;
}

export type List = React.RefObject<VListHandle | null>;

export const NOT_PLACED: Track = { keys: [], generation: 0, isAtEnd: true, offset: 0, isPlaced: false, isHeld: false, isKept: false, keptUntil: 0, isAwaited: false, isRefused: false };

/** After the rows change: to the place where reading begins, or on with the newest. */
export function usePlacing(list: List, track: React.RefObject<Track>, latest: React.RefObject<PlacedRows>, rows: readonly Row[], toEnd: (smooth: boolean) => void): void {
  useLayoutEffect(() => {
    const before = track.current.keys;
    track.current.keys = [rows[0]?.message.key ?? "", rows.at(-1)?.message.key ?? ""].filter(Boolean);
    const last = rows.at(-1);
    if (!last || !latest.current.isShown) return;
    const isMineNew = before.length > 0 && last.message.key !== before.at(-1) && last.message.seq === null;
    if (track.current.isPlaced) {
      // What came in above is no reason to pull the list out of a hand that has hold of it and has not moved it yet.
      const isPulled = track.current.isHeld && last.message.key === before.at(-1);
      if ((track.current.isAtEnd && !isPulled) || isMineNew) toEnd(false);
      else if (track.current.isKept || (track.current.isAwaited && rows[0]?.message.key !== before[0])) {
        keepForAMoment(list, track, latest);
        keepPlace(list, track, rows);
      }
      return;
    }
    track.current.isPlaced = true;
    const unread = rows.findIndex((row) => row.isFirstUnread);
    if (unread < 0) return toEnd(false);
    track.current.isAtEnd = false;
    keepForAMoment(list, track, latest);
    list.current?.scrollToIndex(unread, { align: "start", offset: -placeGap });
  }, [list, track, latest, rows, toEnd]);
}

/** Somebody wants to be elsewhere than where reading begins. */
export function letGo(track: React.RefObject<Track>): void {
  track.current.isKept = false;
  track.current.isAwaited = false;
}

/** Heights that become known only later, and history that comes in above, must not push the place away. */
export function keepPlace(list: List, track: React.RefObject<Track>, rows: readonly Row[]): void {
  const handle = list.current;
  if (!handle || !track.current.isKept) return;
  // With more to read than was here at first, the line moves up into what comes in.
  const index = rows.findIndex((row) => row.isFirstUnread);
  const wanted = Math.min(handle.getItemOffset(index) - placeGap, handle.scrollSize - handle.viewportSize);
  if (index >= 0 && Math.abs(handle.scrollOffset - wanted) > 1) handle.scrollToIndex(index, { align: "start", offset: -placeGap });
}

/**
 * Frame by frame, as a scroll that came before the list had its new height went only as far as the old one. Whoever moves
 * without a hand, as a screen reader does, is not to be held for longer than the rows take to come.
 */
function keepForAMoment(list: List, track: React.RefObject<Track>, latest: React.RefObject<PlacedRows>): void {
  const isUnderWay = track.current.isKept;
  track.current.isKept = true;
  track.current.keptUntil = performance.now() + settleMs;
  const step = (): void => {
    if (!track.current.isKept) return;
    const { isShown, isCutAbove, rows } = latest.current;
    track.current.isKept = isShown && performance.now() < track.current.keptUntil;
    track.current.isAwaited = !track.current.isKept && isCutAbove && rows[0]?.isFirstUnread === true;
    if (!track.current.isKept) return;
    keepPlace(list, track, latest.current.rows);
    requestAnimationFrame(step);
  };
  if (!isUnderWay) requestAnimationFrame(step);
}
