/**
 * The scroll of the message list: opens at the unread line or at the newest, stays at the newest while it is there,
 * keeps its place when older messages come in above, and loads both ways before the edge is seen.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { VListHandle } from "virtua";
import type { Row } from "./rows.ts";

/** Nearer to the end than this counts as being there. */
const atEndPx = 60;
/** Sizes and the first older page are here by then. */
const settleMs = 2000;
/** Between the edge and the row where reading begins. */
const placeGap = 16;
/** History is fetched this many screens ahead: iOS puts off scroll corrections until the finger lifts. */
const aheadScreens = 2;

export interface ScrollSource {
  readonly rows: readonly Row[];
  readonly isShown: boolean;
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  readonly onNeedOlder: () => void;
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

interface Track {
  keys: readonly string[];
  generation: number;
  isAtEnd: boolean;
  isPlaced: boolean;
  /** A hand has moved the list since it was last at its end. Sizes that become known only later move it as well. */
  isHeld: boolean;
  /** The row where reading begins is at the top. It stays there for a moment, or until a hand moves the list, whatever comes in above. */
  isKept: boolean;
  keptUntil: number;
}

export function useMessageScroll(source: ScrollSource): MessageScroll {
  const list = useRef<VListHandle | null>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const track = useRef<Track>({ keys: [], generation: 0, isAtEnd: true, isPlaced: false, isHeld: false, isKept: false, keptUntil: 0 });
  const latest = useRef(source);
  latest.current = source;
  const { rows } = source;
  const change = changeOf(track.current.keys, rows);
  if (change === "replaced") {
    track.current.generation += 1;
    track.current.isPlaced = false;
  }
  const shift = change === "start";

  const toEnd = useCallback((smooth: boolean) => {
    track.current.isAtEnd = true;
    track.current.isHeld = false;
    track.current.isKept = false;
    const last = latest.current.rows.length - 1;
    if (last >= 0) list.current?.scrollToIndex(last, { align: "end", smooth: smooth && !matchMedia("(prefers-reduced-motion: reduce)").matches });
  }, []);

  const look = useCallback((offset: number) => {
    const handle = list.current;
    const now = latest.current;
    if (!handle || !now.isShown || now.rows.length === 0) return;
    const left = handle.scrollSize - offset - handle.viewportSize;
    const isAtEnd = left < atEndPx && !now.hasNewer;
    if (track.current.isAtEnd && !isAtEnd && !track.current.isHeld && !now.hasNewer) return toEnd(false);
    if (isAtEnd) track.current.isHeld = false;
    keepPlace(list, track, now.rows);
    track.current.isAtEnd = isAtEnd;
    setAtEnd(isAtEnd);
    if (now.hasOlder && offset < handle.viewportSize * aheadScreens) now.onNeedOlder();
    if (now.hasNewer && left < handle.viewportSize * aheadScreens) now.onNeedNewer();
    const lastVisible = left < atEndPx ? now.rows.length - 1 : handle.findItemIndex(offset + handle.viewportSize - 24);
    const seq = seqAtOrBefore(now.rows, lastVisible);
    if (seq !== null) now.onSeen(seq);
  }, [toEnd]);

  usePlacing(list, track, latest, rows, toEnd);
  useSeen(list, rows, source.isShown, look);
  const { isShown } = source;
  useLayoutEffect(() => {
    if (isShown && track.current.isPlaced && track.current.isAtEnd) toEnd(false);
  }, [isShown, toEnd]);

  const onTakeHold = useCallback(() => {
    track.current.isHeld = true;
    track.current.isKept = false;
  }, []);
  const onResize = useCallback(() => { if (track.current.isAtEnd) toEnd(false); }, [toEnd]);

  const toSeq = useCallback((seq: number) => {
    const index = latest.current.rows.findIndex((row) => row.message.seq === seq);
    if (index < 0) return false;
    track.current.isAtEnd = false;
    track.current.isPlaced = true;
    track.current.isKept = false;
    list.current?.scrollToIndex(index, { align: "center" });
    return true;
  }, []);

  return { list, generation: track.current.generation, shift, isAtEnd, onScroll: look, onResize, onTakeHold, toEnd, toSeq };
}

type List = React.RefObject<VListHandle | null>;

/** Heights that become known only later, and history that comes in above, must not push the place away. */
function keepPlace(list: List, track: React.RefObject<Track>, rows: readonly Row[]): void {
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
function keepForAMoment(list: List, track: React.RefObject<Track>, latest: React.RefObject<ScrollSource>): void {
  const isUnderWay = track.current.isKept;
  track.current.isKept = true;
  track.current.keptUntil = performance.now() + settleMs;
  const step = (): void => {
    track.current.isKept &&= latest.current.isShown && performance.now() < track.current.keptUntil;
    if (!track.current.isKept) return;
    keepPlace(list, track, latest.current.rows);
    requestAnimationFrame(step);
  };
  if (!isUnderWay) requestAnimationFrame(step);
}

/** After the rows change: to the place where reading begins, or on with the newest. */
function usePlacing(list: List, track: React.RefObject<Track>, latest: React.RefObject<ScrollSource>, rows: readonly Row[], toEnd: (smooth: boolean) => void): void {
  useLayoutEffect(() => {
    const before = track.current.keys;
    track.current.keys = [rows[0]?.message.key ?? "", rows.at(-1)?.message.key ?? ""].filter(Boolean);
    const last = rows.at(-1);
    if (!last || !latest.current.isShown) return;
    const isMineNew = before.length > 0 && last.message.key !== before.at(-1) && last.message.seq === null;
    if (track.current.isPlaced) {
      if (track.current.isAtEnd || isMineNew) toEnd(false);
      else if (track.current.isKept) {
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

/** What is on the screen after a change of rows, or when the person comes back to the window, counts as seen. */
function useSeen(list: List, rows: readonly Row[], isShown: boolean, look: (offset: number) => void): void {
  useEffect(() => {
    if (!isShown) return undefined;
    const check = (): void => {
      if (list.current) look(list.current.scrollOffset);
    };
    const frame = requestAnimationFrame(check);
    window.addEventListener("focus", check);
    document.addEventListener("visibilitychange", check);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener("focus", check);
      document.removeEventListener("visibilitychange", check);
    };
  }, [list, rows, isShown, look]);
}

/** How the rows differ from the first and last key before: at their start, at most at their end, or altogether. */
function changeOf(before: readonly string[], rows: readonly Row[]): "start" | "end" | "replaced" {
  const [first, last] = [before[0], before.at(-1)];
  if (first === undefined || rows.length === 0 || rows[0]?.message.key === first) return "end";
  const has = (key: string | undefined): boolean => rows.some((row) => row.message.key === key);
  return has(first) || has(last) ? "start" : "replaced";
}

function seqAtOrBefore(rows: readonly Row[], index: number): number | null {
  for (let at = Math.min(index, rows.length - 1); at >= 0; at -= 1) {
    const seq = rows[at]?.message.seq;
    if (seq !== null && seq !== undefined) return seq;
  }
  return null;
}
