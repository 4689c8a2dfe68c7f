/**
 * The scroll of the message list. What happens to the list is told to `scrolling.ts`, which decides; where to go is carried out
 * here, by the list's own position: a scroll of the virtual list would go there again later, out of a hand that has taken hold.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Row } from "./rows.ts";
import { next, UNPLACED, type ScrollEvent, type Stand, type Target } from "./scrolling.ts";
import { distanceToEnd, endPx, useReach, type ListParts, type Reach } from "./useReach.ts";

/** Between the edge and the row where reading begins. */
const lineGapPx = 16;
/** Positions are rounded to the screen's pixels. */
const roundingPx = 2;
/** Longer than the pause between two moves of one pull. */
const restMs = 200;

export interface MessageScroll extends ListParts {
  /** Another value means that nothing of the old list is left: measure anew. */
  readonly generation: number;
  readonly shift: boolean;
  readonly isAtEnd: boolean;
  readonly onScroll: () => void;
  readonly onResize: () => void;
  /** Call it when a hand takes hold of the list: wheel, finger, key or scroll bar. */
  readonly onTakeHold: () => void;
  readonly toEnd: (smooth: boolean) => void;
  /** False when it is not among the rows. */
  readonly toSeq: (seq: number) => boolean;
}

export function useMessageScroll(source: Reach): MessageScroll {
  const parts = useRef<ListParts>({ scroller: { current: null }, list: { current: null } }).current;
  const { scroller } = parts;
  const latest = useRef(source);
  latest.current = source;
  const { isShown } = source;
  const state = useRef(UNPLACED);
  const [isAtEnd, setAtEnd] = useState(true);
  const { lookSoon, tellSeenTo } = useReach(parts, latest, source);

  const tell = useCallback((event: ScrollEvent) => {
    const step = next(state.current, event);
    state.current = step.state;
    setAtEnd(step.state.isAtEnd);
    if (step.goTo) goTo(parts, latest.current.rows, step.goTo);
  }, []);
  const rest = useCallback(() => tell({ kind: "rested" }), [tell]);
  const restSoon = useTimer(rest, restMs);
  useLayoutEffect(() => {
    if (isShown) tell({ kind: "shown" });
  }, [isShown, tell]);
  const change = useRowChange(source, tell);

  const height = useRef(0);
  const onResize = useCallback(() => {
    if (!scroller.current || !latest.current.isShown) return;
    const now = scroller.current.clientHeight;
    tell({ kind: "laidOut", isAtEnd: isEndSeen(scroller.current, latest.current), hasNewHeight: now !== height.current });
    height.current = now;
    lookSoon("layout");
  }, [tell, lookSoon, scroller]);
  const onScroll = useCallback(() => {
    if (!scroller.current || !latest.current.isShown) return;
    const { stand } = state.current;
    tell({ kind: "moved", isAtEnd: isEndSeen(scroller.current, latest.current), isInPlace: isInPlace(parts, latest.current.rows, stand) });
    restSoon();
    lookSoon("move");
  }, [tell, restSoon, lookSoon, scroller]);
  const onTakeHold = useCallback(() => {
    tell({ kind: "grabbed" });
    restSoon();
  }, [tell, restSoon]);

  const toEnd = useCallback((smooth: boolean) => {
    const glides = smooth && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    tell({ kind: "sentToEnd", glides });
    restSoon();
    // It is on the screen from now on: whoever leaves before the list says that it has moved has seen it.
    if (!glides) tellSeenTo(latest.current.rows.length - 1);
  }, [tell, restSoon, tellSeenTo]);
  const toSeq = useCallback((seq: number) => {
    if (indexOf(latest.current.rows, { kind: "message", seq }) < 0) return false;
    tell({ kind: "sentToMessage", seq });
    return true;
  }, [tell]);

  return { ...parts, ...change, isAtEnd, onScroll, onResize, onTakeHold, toEnd, toSeq };
}

/** Tells how the rows differ from those drawn before. */
function useRowChange(source: Reach, tell: (event: ScrollEvent) => void): { readonly generation: number; readonly shift: boolean } {
  const { rows, isShown, hasNewer } = source;
  const drawn = useRef<{ readonly keys: readonly string[]; readonly generation: number }>({ keys: [], generation: 0 });
  const [first, last] = [drawn.current.keys[0], drawn.current.keys.at(-1)];
  const has = (key: string | undefined): boolean => rows.some(({ message }) => message.key === key);
  const isOther = first !== undefined && rows.length > 0 && rows[0]?.message.key !== first;
  const shift = isOther && (has(first) || has(last));
  const isReplaced = isOther && !shift;
  const generation = drawn.current.generation + (isReplaced ? 1 : 0);

  useLayoutEffect(() => {
    const newest = rows.at(-1)?.message;
    drawn.current = { keys: newest ? [rows[0]?.message.key ?? "", newest.key] : [], generation };
    if (!newest || !isShown) return;
    const hasNewLast = last !== undefined && newest.key !== last;
    tell({ kind: "rows", isReplaced, hasNewLast, isMine: hasNewLast && newest.seq === null, hasLine: rows.some((row) => row.isFirstUnread), isPast: hasNewer });
  }, [rows, isShown, tell]);
  return { generation, shift };
}

function goTo(parts: ListParts, rows: readonly Row[], target: Target): void {
  const index = indexOf(rows, target);
  if (target.kind === "gliding") parts.list.current?.scrollToIndex(index, { align: "end", smooth: true });
  else {
    const place = placeOf(parts, rows, target);
    if (place !== null && parts.scroller.current) parts.scroller.current.scrollTop = place;
  }
}

/** The scroll position of a target; null when its row is not here. */
function placeOf({ scroller, list }: ListParts, rows: readonly Row[], target: Target): number | null {
  if (!scroller.current || !list.current) return null;
  const { scrollHeight, clientHeight } = scroller.current;
  const farthest = Math.max(scrollHeight - clientHeight, 0);
  if (target.kind === "end" || target.kind === "gliding") return farthest;
  const index = indexOf(rows, target);
  if (index < 0) return null;
  const top = list.current.getItemOffset(index);
  const place = target.kind === "line" ? top - lineGapPx : top + (list.current.getItemSize(index) - clientHeight) / 2;
  return Math.min(Math.max(place, 0), farthest);
}

function isInPlace(parts: ListParts, rows: readonly Row[], stand: Stand): boolean {
  if (stand.kind !== "line" && stand.kind !== "end" && stand.kind !== "message") return false;
  const place = placeOf(parts, rows, stand);
  return place !== null && Math.abs((parts.scroller.current?.scrollTop ?? 0) - place) <= roundingPx;
}

const isEndSeen = (scroller: HTMLElement, { hasNewer }: Reach): boolean => !hasNewer && distanceToEnd(scroller) < endPx;

/** Starts anew with each call. */
function useTimer(act: () => void, ms: number): () => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(act, ms);
  }, [act, ms]);
}

function indexOf(rows: readonly Row[], target: Target): number {
  switch (target.kind) {
    case "line":
      return rows.findIndex((row) => row.isFirstUnread);
    case "message":
      return rows.findIndex((row) => row.message.seq === target.seq);
    case "end":
    case "gliding":
      return rows.length - 1;
  }
}
