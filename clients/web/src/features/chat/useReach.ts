/** What of the rows is within reach of the screen: more is fetched before an edge is seen, and what has been on the screen counts as seen. */
import { useCallback, useEffect, useRef } from "react";
import type { VirtualizerHandle } from "virtua";
import type { Row } from "./rows.ts";

/** Nearer to the end than this counts as being there. */
export const endPx = 60;
/** History is fetched this many screens ahead: iOS puts off scroll corrections until the finger lifts. */
const aheadScreens = 2;
/** Less of a row than this is not seen. */
const seenPx = 24;
/** A row is drawn in one frame, and its height known in the next. */
const framesToMeasure = 2;

/** The element that scrolls, and the virtual list in it. */
export interface ListParts {
  readonly scroller: React.RefObject<HTMLDivElement | null>;
  readonly list: React.RefObject<VirtualizerHandle | null>;
}

export interface Reach {
  readonly rows: readonly Row[];
  readonly isShown: boolean;
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  readonly onNeedOlder: () => Promise<void>;
  readonly onNeedNewer: () => void;
  readonly onSeen: (seq: number) => void;
}

export interface Looking {
  /** Looks once the heights of what is on the screen are known. */
  readonly lookSoon: (cause: "layout" | "move") => void;
  readonly tellSeenTo: (index: number) => void;
}

export function useReach({ scroller, list }: ListParts, latest: React.RefObject<Reach>, { rows, isShown, hasOlder }: Reach): Looking {
  const isRefused = useRef(false);
  const tellSeenTo = useCallback((index: number) => {
    const seq = latest.current.rows.slice(0, index + 1).findLast(({ message }) => message.seq !== null)?.message.seq;
    if (latest.current.isShown && seq) latest.current.onSeen(seq);
  }, [latest]);
  const askForOlder = useCallback((isAskedByMove: boolean) => {
    // What did not come is asked for again by whoever moves the list, and by nothing else.
    if (isRefused.current && !isAskedByMove) return;
    isRefused.current = false;
    latest.current.onNeedOlder().catch(() => { isRefused.current = true; });
  }, [latest]);

  const look = useCallback((isByMove: boolean) => {
    const now = latest.current;
    if (!scroller.current || !list.current?.viewportSize || !now.isShown || now.rows.length === 0) return;
    const { scrollTop, clientHeight } = scroller.current;
    const left = distanceToEnd(scroller.current);
    if (now.hasOlder && scrollTop < clientHeight * aheadScreens) askForOlder(isByMove);
    if (now.hasNewer && left < clientHeight * aheadScreens) now.onNeedNewer();
    tellSeenTo(left < endPx ? now.rows.length - 1 : list.current.findItemIndex(scrollTop + clientHeight - seenPx));
  }, [scroller, list, latest, askForOlder, tellSeenTo]);

  const due = useRef({ frames: 0, isByMove: false });
  const lookSoon = useCallback((cause: "layout" | "move") => {
    const isIdle = due.current.frames === 0;
    if (cause === "move") due.current.isByMove = true;
    if (isIdle || cause === "layout") due.current.frames = framesToMeasure;
    const count = (): void => {
      due.current.frames -= 1;
      if (due.current.frames > 0) return void requestAnimationFrame(count);
      look(due.current.isByMove);
      due.current.isByMove = false;
    };
    if (isIdle) requestAnimationFrame(count);
  }, [look]);

  // After a change of rows, or when there can be asked for older ones again: what the last answer brought may not have been enough.
  useEffect(() => lookSoon("layout"), [rows, isShown, hasOlder, lookSoon]);
  useEffect(() => {
    const again = (): void => look(false);
    window.addEventListener("focus", again);
    document.addEventListener("visibilitychange", again);
    return () => {
      window.removeEventListener("focus", again);
      document.removeEventListener("visibilitychange", again);
    };
  }, [look]);
  return { lookSoon, tellSeenTo };
}

export const distanceToEnd = ({ scrollHeight, scrollTop, clientHeight }: HTMLElement): number => scrollHeight - scrollTop - clientHeight;
