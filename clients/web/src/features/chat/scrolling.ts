/**
 * Why the list of messages stands where it stands, and what may move it. Events come in, and with the new state comes the place
 * to go to, if any. No document and no time in here: `useMessageScroll` tells what happens, and carries out.
 */

/** Each is one reason to stand somewhere; there is never more than one. */
export type Stand =
  /** Nothing has been shown yet. */
  | { readonly kind: "unplaced" }
  /** The row where reading begins is at the top, whatever comes in around it. */
  | { readonly kind: "line" }
  /** At the newest message, and at each that comes. */
  | { readonly kind: "end" }
  /** On a smooth way to the newest. */
  | { readonly kind: "gliding" }
  /** A certain message is in the middle. */
  | { readonly kind: "message"; readonly seq: number }
  /** In a hand, which has moved it or not: nothing else moves it. `hasNews`: its end is elsewhere than when the hand took hold. */
  | { readonly kind: "held"; readonly hasNews: boolean }
  /** Where a hand left it. */
  | { readonly kind: "free" };

export interface Scrolling {
  readonly stand: Stand;
  /** The newest message can be seen, as of the last move. */
  readonly isAtEnd: boolean;
}

export type ScrollEvent =
  | RowsChanged
  /** Heights became known, or the list's own changed. */
  | { readonly kind: "laidOut"; readonly isAtEnd: boolean; readonly hasNewHeight: boolean }
  /** `isInPlace`: it is where its stand wants it. */
  | { readonly kind: "moved"; readonly isAtEnd: boolean; readonly isInPlace: boolean }
  | { readonly kind: "grabbed" }
  /** Neither the hand nor the list has moved for a moment. */
  | { readonly kind: "rested" }
  | { readonly kind: "sentToEnd"; readonly glides: boolean }
  | { readonly kind: "sentToMessage"; readonly seq: number }
  /** On the screen again, with the rows that it had. */
  | { readonly kind: "shown" };

export interface RowsChanged {
  readonly kind: "rows";
  /** Nothing is left of the rows before. */
  readonly isReplaced: boolean;
  /** Another row is the last one. */
  readonly hasNewLast: boolean;
  /** And it is what I have just written. */
  readonly isMine: boolean;
  /** There is a row where reading begins. */
  readonly hasLine: boolean;
  /** A stretch of the past: its end is not the newest message. */
  readonly isPast: boolean;
}

export type Target = Extract<Stand, { readonly kind: "line" | "end" | "gliding" | "message" }>;

export interface Step {
  readonly state: Scrolling;
  readonly goTo: Target | null;
}

export const UNPLACED: Scrolling = { stand: { kind: "unplaced" }, isAtEnd: true };

export function next(state: Scrolling, event: ScrollEvent): Step {
  const { stand, isAtEnd } = state;
  switch (event.kind) {
    case "rows":
      return rowsChanged(event.isReplaced ? UNPLACED : state, event);
    case "laidOut":
      return laidOut(state, event);
    case "moved":
      return stay(moved(stand, event), event.isAtEnd);
    case "grabbed":
      return stand.kind === "unplaced" || stand.kind === "held" ? stay(stand, isAtEnd) : stay({ kind: "held", hasNews: false }, isAtEnd);
    case "rested":
      return rested(state);
    case "sentToEnd":
      return go({ kind: event.glides ? "gliding" : "end" }, isAtEnd);
    case "sentToMessage":
      return go({ kind: "message", seq: event.seq }, isAtEnd);
    case "shown":
      // Where reading began is over for whoever comes back.
      if (stand.kind === "unplaced") return stay(stand, isAtEnd);
      return isAtEnd || stand.kind === "end" || stand.kind === "gliding" ? go({ kind: "end" }) : stay({ kind: "free" }, false);
  }
}

function rowsChanged({ stand, isAtEnd }: Scrolling, event: RowsChanged): Step {
  if (stand.kind === "unplaced") {
    if (event.hasLine) return go({ kind: "line" }, false);
    // Only a jump leads into the past, and says where to.
    return event.isPast ? stay({ kind: "free" }, false) : go({ kind: "end" });
  }
  if (event.isMine) return go({ kind: "end" });
  if (event.isPast && stand.kind === "end") return stay({ kind: "free" }, false);
  if (event.hasNewLast && isAtEnd && !event.isPast) return stand.kind === "held" ? stay({ kind: "held", hasNews: true }, true) : go({ kind: "end" });
  return goAgain(stand, isAtEnd);
}

function laidOut({ stand, isAtEnd }: Scrolling, event: { readonly isAtEnd: boolean; readonly hasNewHeight: boolean }): Step {
  // Only a move tells that a hand has left the end, or is back at it.
  if (stand.kind === "held") return stay(event.hasNewHeight && isAtEnd ? { kind: "held", hasNews: true } : stand, isAtEnd);
  // A keyboard that opens must not hide the newest message.
  if (event.hasNewHeight && isAtEnd && stand.kind !== "unplaced") return go({ kind: "end" });
  return goAgain(stand, event.isAtEnd);
}

/** Nobody but whoever reads moves a list that is in place: also without a hand to be seen, as a screen reader does. */
function moved(stand: Stand, { isAtEnd, isInPlace }: { readonly isAtEnd: boolean; readonly isInPlace: boolean }): Stand {
  switch (stand.kind) {
    case "unplaced":
    case "held":
      return stand;
    case "gliding":
      return isAtEnd ? { kind: "end" } : stand;
    default:
      if (isInPlace) return stand;
      return { kind: isAtEnd ? "end" : "free" };
  }
}

function rested({ stand, isAtEnd }: Scrolling): Step {
  if (stand.kind === "gliding") return go({ kind: "end" });
  if (stand.kind !== "held") return stay(stand, isAtEnd);
  if (!isAtEnd) return stay({ kind: "free" }, false);
  return stand.hasNews ? go({ kind: "end" }) : stay({ kind: "end" }, true);
}

function goAgain(stand: Stand, isAtEnd: boolean): Step {
  return stand.kind === "line" || stand.kind === "end" || stand.kind === "message" ? go(stand, isAtEnd) : stay(stand, isAtEnd);
}

const go = (stand: Target, isAtEnd = true): Step => ({ state: { stand, isAtEnd: isAtEnd || stand.kind === "end" }, goTo: stand });
const stay = (stand: Stand, isAtEnd: boolean): Step => ({ state: { stand, isAtEnd }, goTo: null });
