import { describe, expect, test } from "vitest";
import { next, UNPLACED, type RowsChanged, type ScrollEvent, type Scrolling, type Stand, type Step } from "./scrolling.ts";

const rows = (change: Partial<RowsChanged> = {}): RowsChanged => ({ kind: "rows", isReplaced: false, hasNewLast: false, isMine: false, hasLine: false, isPast: false, ...change });
const laidOut = (isAtEnd: boolean, hasNewHeight = false): ScrollEvent => ({ kind: "laidOut", isAtEnd, hasNewHeight });
const moved = (isAtEnd: boolean, isInPlace = false): ScrollEvent => ({ kind: "moved", isAtEnd, isInPlace });
const grabbed: ScrollEvent = { kind: "grabbed" };
const rested: ScrollEvent = { kind: "rested" };
const shown: ScrollEvent = { kind: "shown" };

const at = (stand: Stand | Stand["kind"], isAtEnd: boolean): Scrolling => ({ stand: typeof stand === "string" ? ({ kind: stand, ...(stand === "held" && { hasNews: false }) } as Stand) : stand, isAtEnd });
const message: Stand = { kind: "message", seq: 7 };

/** The last step of these. */
function after(state: Scrolling, ...events: readonly ScrollEvent[]): Step {
  let step: Step = { state, goTo: null };
  for (const event of events) step = next(step.state, event);
  return step;
}

describe("the first rows", () => {
  test("are shown at the line where reading begins", () => {
    expect(after(UNPLACED, rows({ hasLine: true }))).toEqual({ state: at("line", false), goTo: { kind: "line" } });
  });

  test("without a line are shown at the newest", () => {
    expect(after(UNPLACED, rows())).toEqual({ state: at("end", true), goTo: { kind: "end" } });
  });

  test("of the past wait for the jump that led there", () => {
    expect(after(UNPLACED, rows({ isPast: true }))).toEqual({ state: at("free", false), goTo: null });
  });

  test("are shown whatever came before them: a hand, a height, a move", () => {
    expect(after(UNPLACED, shown, grabbed, laidOut(true, true), moved(true), rested, rows({ hasLine: true })).goTo).toEqual({ kind: "line" });
  });

  test("come once more when nothing is left of the ones before", () => {
    expect(after(at("free", false), rows({ isReplaced: true, hasLine: true })).goTo).toEqual({ kind: "line" });
  });
});

describe("where reading begins", () => {
  test("it stays when heights become known and rows come in above, however late", () => {
    for (const event of [laidOut(false), laidOut(true), rows(), rows({ hasNewLast: true })]) {
      expect(after(at("line", false), event)).toMatchObject({ state: { stand: { kind: "line" } }, goTo: { kind: "line" } });
    }
  });

  test("its own move does not end it, any other does", () => {
    expect(after(at("line", false), moved(false, true)).state.stand.kind).toBe("line");
    expect(after(at("line", false), moved(false)).state.stand.kind).toBe("free");
    expect(after(at("line", false), moved(true)).state.stand.kind).toBe("end");
  });

  test("when the newest can be seen as well, the list goes on with what comes, and with a keyboard that opens", () => {
    expect(after(at("line", true), rows({ hasNewLast: true })).goTo).toEqual({ kind: "end" });
    expect(after(at("line", true), laidOut(false, true)).goTo).toEqual({ kind: "end" });
  });

  test("it is over for whoever comes back", () => {
    expect(after(at("line", false), shown)).toEqual({ state: at("free", false), goTo: null });
    expect(after(at("line", true), shown).goTo).toEqual({ kind: "end" });
  });
});

describe("at its newest message", () => {
  test("the list stays there with new rows, heights and a window of another size", () => {
    for (const event of [rows(), rows({ hasNewLast: true }), laidOut(false), laidOut(false, true), shown]) {
      expect(after(at("end", true), event)).toEqual({ state: at("end", true), goTo: { kind: "end" } });
    }
  });

  test("a move that nobody here made ends it, unless it was small", () => {
    expect(after(at("end", true), moved(false)).state).toEqual(at("free", false));
    expect(after(at("end", true), moved(true)).state).toEqual(at("end", true));
  });

  test("it is no longer at the newest when a stretch of the past is joined on", () => {
    expect(after(at("end", true), rows({ isPast: true, hasNewLast: true }))).toEqual({ state: at("free", false), goTo: null });
  });
});

describe("in a hand", () => {
  test("nothing moves the list: no rows, heights or window, before it has moved and after", () => {
    for (const event of [rows(), rows({ hasNewLast: true }), laidOut(false), laidOut(true, true), moved(true), moved(false), grabbed]) {
      expect(after(at("end", true), grabbed, event).goTo).toBeNull();
      expect(after(at("end", true), grabbed, event).state.stand.kind).toBe("held");
      expect(after(at("end", true), grabbed, moved(false), event).goTo).toBeNull();
    }
  });

  test("a pull that has gone only a little way is not undone by the next move", () => {
    const pull = after(at("end", true), grabbed, moved(true), moved(true), laidOut(true), moved(false), rows(), rested);
    expect(pull).toEqual({ state: at("free", false), goTo: null });
  });

  test("a hand that touched without moving leaves the list at its end, and what came meanwhile is shown", () => {
    expect(after(at("end", true), grabbed, rested)).toEqual({ state: at("end", true), goTo: null });
    expect(after(at("end", true), grabbed, rows({ hasNewLast: true }), laidOut(false), rested).goTo).toEqual({ kind: "end" });
    expect(after(at("end", true), grabbed, laidOut(false, true), rested).goTo).toEqual({ kind: "end" });
  });

  test("what came meanwhile does not bring back a list that was pulled away", () => {
    expect(after(at("end", true), grabbed, rows({ hasNewLast: true }), moved(false), rested)).toEqual({ state: at("free", false), goTo: null });
  });

  test("who lets go at the end stays there", () => {
    expect(after(at("free", false), grabbed, moved(true), rested).state).toEqual(at("end", true));
  });
});

describe("where a hand has left it", () => {
  test("the list stands still, whatever comes in above, below or in height", () => {
    for (const event of [rows(), rows({ hasNewLast: true }), laidOut(false), laidOut(false, true), rested, shown]) expect(after(at("free", false), event)).toEqual({ state: at("free", false), goTo: null });
  });

  test("and is at its end again once it gets there", () => {
    expect(after(at("free", false), moved(true)).state).toEqual(at("end", true));
  });
});

describe("a jump", () => {
  test("to a message takes the list out of a hand, and holds the message while heights become known", () => {
    expect(after(at("held", true), { kind: "sentToMessage", seq: 7 }).goTo).toEqual(message);
    expect(after(at(message, false), laidOut(false)).goTo).toEqual(message);
    expect(after(at(message, false), rows()).goTo).toEqual(message);
  });

  test("ends with the next move of somebody else", () => {
    expect(after(at(message, false), moved(false, true)).state.stand).toEqual(message);
    expect(after(at(message, false), moved(false)).state.stand).toEqual({ kind: "free" });
  });

  test("to the newest takes the list out of a hand", () => {
    expect(after(at("held", false), { kind: "sentToEnd", glides: false })).toEqual({ state: at("end", true), goTo: { kind: "end" } });
  });

  test("that glides is not cut short by what comes in, and ends at the end in any case", () => {
    const glide = after(at("free", false), { kind: "sentToEnd", glides: true });
    expect(glide.goTo).toEqual({ kind: "gliding" });
    for (const event of [rows(), rows({ hasNewLast: true }), laidOut(false), moved(false)]) expect(after(glide.state, event)).toMatchObject({ state: { stand: { kind: "gliding" } }, goTo: null });
    expect(after(glide.state, moved(true)).state).toEqual(at("end", true));
    expect(after(glide.state, moved(false), rested).goTo).toEqual({ kind: "end" });
  });

  test("that glides is stopped by a hand", () => {
    expect(after(at("gliding", false), grabbed, moved(false), rested)).toEqual({ state: at("free", false), goTo: null });
  });
});

test("what I have written is shown from everywhere, also out of a hand", () => {
  const stands: readonly Stand[] = [{ kind: "line" }, { kind: "end" }, { kind: "gliding" }, { kind: "free" }, { kind: "held", hasNews: false }, message];
  for (const stand of stands) expect(after(at(stand, false), rows({ hasNewLast: true, isMine: true })).goTo).toEqual({ kind: "end" });
});
