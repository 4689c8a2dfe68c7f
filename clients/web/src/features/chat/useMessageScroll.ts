/**
 * The scroll of the message list: opens at the unread line or at the newest, stays at the newest while it is there,
 * keeps its place when older messages come in above, and loads both ways before the edge is seen.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { VListHandle } from "virtua";
import type { Row } from "./rows.ts";
import { keepPlace, letGo, type List, NOT_PLACED, type PlacedRows, type Track, usePlacing } from "./usePlacing.ts";

/** Nearer to the end than this counts as being there. */
const atEndPx = 60;
/** History is fetched this many screens ahead: iOS puts off scroll corrections until the finger lifts. */
const aheadScreens = 2;

export interface ScrollSource extends PlacedRows {
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  readonly onNeedOlder: () => Promise<void>;
  readonly onNeedNewer: () => void;
  readonly onSeen: (seq: number) => void;
}

export interface MessageScroll {
  readonly list: React.RefObject<VListHandle | null>;
  /** Another value means that nothing of the old list is left: measure anew. */
  readonly generation: number;
  readonly shift: boolean;
  readonly isAtEnd: boolean;
  readonly onScroll: (offset: number) => void;
  readonly onResize: () => void;
  /** Call it when a hand takes hold of the list: wheel, finger, key or scroll bar. */
  readonly onTakeHold: () => void;
  readonly toEnd: (smooth: boolean) => void;
  /** False when it is not among the rows. */
  readonly toSeq: (seq: number) => boolean;
}

export function useMessageScroll(source: ScrollSource): MessageScroll {
  const list = useRef<VListHandle | null>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const track = useRef<Track>({ ...NOT_PLACED });
  const latest = useRef(source);
  latest.current = source;
  const { rows } = source;
  const change = changeOf(track.current.keys, rows);
  if (change === "replaced") {
    track.current.generation += 1;
    track.current.isPlaced = false;
  }
  const shift = change === "start";

  const { toEnd, toSeq } = useMoves(list, track, latest);

  const look = useCallback((offset: number, isUnasked = false) => {
    const handle = list.current;
    const now = latest.current;
    if (!handle || !now.isShown || now.rows.length === 0) return;
    const left = handle.scrollSize - offset - handle.viewportSize;
    const isAtEnd = left < atEndPx && !now.hasNewer;
    if (track.current.isAtEnd && !isAtEnd && !track.current.isHeld && !now.hasNewer) return toEnd(false);
    // A hand has hold of the list before the list has moved, and a pull may begin slowly: only a move towards the end tells that it is back.
    if (isAtEnd && !isUnasked && offset >= track.current.offset) track.current.isHeld = false;
    track.current.offset = offset;
    keepPlace(list, track, now.rows);
    track.current.isAtEnd = isAtEnd;
    setAtEnd(isAtEnd);
    if (now.hasOlder && offset < handle.viewportSize * aheadScreens) askForOlder(track, now, isUnasked);
    if (now.hasNewer && left < handle.viewportSize * aheadScreens) now.onNeedNewer();
    const lastVisible = left < atEndPx ? now.rows.length - 1 : handle.findItemIndex(offset + handle.viewportSize - 24);
    tellSeen(now, lastVisible);
  }, [toEnd]);

  usePlacing(list, track, latest, rows, toEnd);
  useSeen(list, source, look);
  const { isShown } = source;
  useLayoutEffect(() => {
    if (isShown && track.current.isPlaced && track.current.isAtEnd) toEnd(false);
  }, [isShown, toEnd]);

  const onScroll = useCallback((offset: number) => look(offset), [look]);
  const onTakeHold = useCallback(() => {
    track.current.isHeld = true;
    letGo(track);
  }, []);
  const onResize = useCallback(() => { if (track.current.isAtEnd) toEnd(false); }, [toEnd]);

  return { list, generation: track.current.generation, shift, isAtEnd, onScroll, onResize, onTakeHold, toEnd, toSeq };
}

/** To the newest message, and to a certain one. */
function useMoves(list: List, track: React.RefObject<Track>, latest: React.RefObject<ScrollSource>): Pick<MessageScroll, "toEnd" | "toSeq"> {
  const toEnd = useCallback((smooth: boolean) => {
    track.current.isAtEnd = true;
    track.current.isHeld = false;
    letGo(track);
    const now = latest.current;
    const last = now.rows.length - 1;
    if (last < 0) return;
    const glides = smooth && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    list.current?.scrollToIndex(last, { align: "end", smooth: glides });
    // It is on the screen from now on: whoever leaves before the list says that it has moved has seen it.
    if (!glides && now.isShown) tellSeen(now, last);
  }, [list, track, latest]);

  const toSeq = useCallback((seq: number) => {
    const index = latest.current.rows.findIndex((row) => row.message.seq === seq);
    if (index < 0) return false;
    track.current.isAtEnd = false;
    track.current.isPlaced = true;
    letGo(track);
    list.current?.scrollToIndex(index, { align: "center" });
    return true;
  }, [list, track, latest]);

  return { toEnd, toSeq };
}

function askForOlder(track: React.RefObject<Track>, source: ScrollSource, isUnasked: boolean): void {
  if (isUnasked && track.current.isRefused) return;
  track.current.isRefused = false;
  source.onNeedOlder().catch(() => { track.current.isRefused = true; });
}

/**
 * What is on the screen after a change of rows, or when the person comes back to the window, counts as seen. And when there can be asked
 * for older messages again, they may be needed still: what the last answer brought was not enough, or belonged elsewhere.
 */
function useSeen(list: List, { rows, isShown, hasOlder }: ScrollSource, look: (offset: number, isUnasked: boolean) => void): void {
  useEffect(() => {
    if (!isShown) return undefined;
    const check = (): void => {
      if (list.current) look(list.current.scrollOffset, true);
    };
    // A list that was just made does not know its size yet, and one that stays at its start never scrolls.
    const checkMeasured = (): void => {
      if (list.current?.viewportSize === 0) frame = requestAnimationFrame(checkMeasured);
      else check();
    };
    let frame = requestAnimationFrame(checkMeasured);
    window.addEventListener("focus", check);
    document.addEventListener("visibilitychange", check);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener("focus", check);
      document.removeEventListener("visibilitychange", check);
    };
  }, [list, rows, isShown, hasOlder, look]);
}

/** How the rows differ from the first and last key before: at their start, at most at their end, or altogether. */
function changeOf(before: readonly string[], rows: readonly Row[]): "start" | "end" | "replaced" {
  const [first, last] = [before[0], before.at(-1)];
  if (first === undefined || rows.length === 0 || rows[0]?.message.key === first) return "end";
  const has = (key: string | undefined): boolean => rows.some((row) => row.message.key === key);
  return has(first) || has(last) ? "start" : "replaced";
}

function tellSeen(source: ScrollSource, last: number): void {
  const seq = seqAtOrBefore(source.rows, last);
  if (seq !== null) source.onSeen(seq);
}

function seqAtOrBefore(rows: readonly Row[], index: number): number | null {
  for (let at = Math.min(index, rows.length - 1); at >= 0; at -= 1) {
    const seq = rows[at]?.message.seq;
    if (seq !== null && seq !== undefined) return seq;
  }
  return null;
}
