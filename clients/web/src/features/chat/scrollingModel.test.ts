/** The scroll's promises under any order of events, on a list of plain numbers that behaves as a browser's does. */
import { expect, test } from "vitest";
import { next, UNPLACED, type ScrollEvent, type Scrolling, type Target } from "./scrolling.ts";

const runs = 100;
const steps = 60;
const screen = 600;
const endPx = 60;
const guessed = 40;

interface Row {
  readonly name: number;
  height: number;
  isMeasured: boolean;
}

/** The same numbers for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

class List {
  rows: Row[] = [];
  line: number | null = null;
  top = 0;
  screen = screen;
  state: Scrolling = UNPLACED;
  /** The places that the list went to by itself since it was last asked. */
  gone: Target["kind"][] = [];
  /** A scroll that the browser has not told yet. */
  isMoveDue = false;

  get total(): number {
    return this.rows.reduce((sum, row) => sum + row.height, 0);
  }

  get farthest(): number {
    return Math.max(this.total - this.screen, 0);
  }

  offsetOf(name: number | null): number {
    let offset = 0;
    for (const row of this.rows) {
      if (row.name === name) return offset;
      offset += row.height;
    }
    return Number.NaN;
  }

  /** What stands at the upper edge, and how far from it: this is what must not move under a reader. */
  seen(): { readonly name: number; readonly at: number } | undefined {
    return this.rows.map((row) => ({ name: row.name, at: this.offsetOf(row.name) - this.top })).find(({ at }) => at >= 0);
  }

  tell(event: ScrollEvent): void {
    const { state, goTo } = next(this.state, event);
    this.state = state;
    if (!goTo) return;
    this.gone.push(goTo.kind);
    // A glide takes its time: it is under way until the next step.
    if (goTo.kind !== "gliding") this.scrollTo(this.placeOf(goTo));
  }

  placeOf(target: Target): number {
    if (target.kind === "line") return Math.min(Math.max(this.offsetOf(this.line) - 16, 0), this.farthest);
    if (target.kind === "message") return Math.min(Math.max(this.offsetOf(target.seq) - this.screen / 2, 0), this.farthest);
    return this.farthest;
  }

  scrollTo(top: number): void {
    const inside = Math.min(Math.max(top, 0), this.farthest);
    if (inside !== this.top) this.isMoveDue = true;
    this.top = inside;
  }

  tellMove(): void {
    if (!this.isMoveDue) return;
    this.isMoveDue = false;
    const { stand } = this.state;
    const isInPlace = (stand.kind === "line" || stand.kind === "end" || stand.kind === "message") && Math.abs(this.top - this.placeOf(stand)) <= 2;
    this.tell({ kind: "moved", isAtEnd: this.isAtEnd, isInPlace });
  }

  get isAtEnd(): boolean {
    return this.farthest - this.top < endPx;
  }

  tellRows(change: { readonly hasNewLast: boolean; readonly isMine?: boolean }): void {
    this.tell({ kind: "rows", isReplaced: false, hasLine: this.line !== null, isPast: false, isMine: false, ...change });
  }
}

/** A list that was just opened, and what can happen to it. */
function opened(random: (below: number) => number): { readonly list: List; readonly happenings: Readonly<Record<string, () => void>> } {
  const list = new List();
  let [oldest, newest] = [0, 0];
  const below = (count: number): Row[] => Array.from({ length: count }, () => ({ name: (newest += 1), height: guessed, isMeasured: false }));
  list.rows = below(5 + random(40));
  if (random(2) === 0) list.line = list.rows[random(list.rows.length)]?.name ?? null;
  list.tellRows({ hasNewLast: false });
  const scroll = (by: number): void => {
    list.tell({ kind: "grabbed" });
    list.scrollTo(list.top + by);
  };
  const happenings = {
    pageAbove: () => {
      const page = Array.from({ length: 10 }, () => ({ name: (oldest -= 1), height: guessed, isMeasured: false })).toReversed();
      list.rows = [...page, ...list.rows];
      // The virtual list keeps what is seen where it is.
      list.scrollTo(list.top + page.length * guessed);
      list.tellRows({ hasNewLast: false });
    },
    message: () => {
      list.rows = [...list.rows, ...below(1)];
      list.tellRows({ hasNewLast: true });
    },
    mine: () => {
      list.rows = [...list.rows, ...below(1)];
      list.tellRows({ hasNewLast: true, isMine: true });
    },
    measured: () => {
      let [offset, added] = [0, 0];
      const { top } = list;
      for (const row of list.rows) {
        const isAbove = offset + row.height <= top;
        offset += row.height;
        if (row.isMeasured || random(3) === 0) continue;
        const height = 30 + random(120);
        if (isAbove) added += height - row.height;
        Object.assign(row, { height, isMeasured: true });
      }
      list.scrollTo(top + added);
      list.tell({ kind: "laidOut", isAtEnd: list.isAtEnd, hasNewHeight: false });
    },
    keyboard: () => {
      list.screen = list.screen === screen ? screen / 2 : screen;
      list.scrollTo(list.top);
      list.tell({ kind: "laidOut", isAtEnd: list.isAtEnd, hasNewHeight: true });
    },
    up: () => scroll(-1 - random(900)),
    down: () => scroll(1 + random(900)),
    touch: () => list.tell({ kind: "grabbed" }),
    rest: () => list.tell({ kind: "rested" }),
    frame: () => list.tellMove(),
    jump: () => list.tell({ kind: "sentToMessage", seq: list.rows[random(list.rows.length)]?.name ?? 0 }),
    newest: () => list.tell({ kind: "sentToEnd", glides: random(2) === 0 }),
    back: () => list.tell({ kind: "shown" }),
  };
  return { list, happenings };
}

interface Before {
  readonly state: Scrolling;
  readonly seen: ReturnType<List["seen"]>;
  readonly isScrollable: boolean;
}

/** Runs many random lists, and looks after each step. */
function always(check: (before: Before, what: string, list: List) => void): void {
  for (let seed = 1; seed <= runs; seed += 1) {
    const random = randomFrom(seed);
    const { list, happenings } = opened(random);
    const names = Object.keys(happenings);
    for (let step = 0; step < steps; step += 1) {
      const what = names[random(names.length)] ?? "frame";
      const before = { state: list.state, seen: list.seen(), isScrollable: list.farthest > 0 };
      list.gone = [];
      happenings[what]?.();
      check(before, `seed ${seed}, step ${step}: ${what}`, list);
    }
  }
}

const isAsked = (what: string): boolean => /jump|newest|mine$/.test(what);

test("a list in a hand, or where one has left it, goes nowhere by itself but to a jump and to what I have written", () => {
  always(({ state }, what, list) => {
    const isHeld = state.stand.kind === "held" || (state.stand.kind === "free" && !state.isAtEnd);
    // Letting go at the end shows what has come there meanwhile.
    if (isHeld && !isAsked(what) && !/(rest|back)$/.test(what)) expect(list.gone, what).toEqual([]);
    if (isHeld && !state.isAtEnd && !isAsked(what)) expect(list.gone, what).toEqual([]);
  });
});

test("a page above does not move what a hand has put there", () => {
  always(({ state, seen, isScrollable }, what, list) => {
    if (what.endsWith("pageAbove") && isScrollable && (state.stand.kind === "held" || state.stand.kind === "free")) expect(list.seen(), what).toEqual(seen);
  });
});

test("a list at its end is there after everything but a hand, a jump and a move of less than can be seen", () => {
  always(({ state }, what, list) => {
    if (state.stand.kind !== "end" || /(up|down|jump|frame|touch|rest)$/.test(what) || list.state.stand.kind === "gliding") return;
    expect(list.state.stand.kind, what).toBe("end");
    expect(list.top, what).toBe(list.farthest);
  });
});

test("the line is put in its place again only until somebody has moved the list, and never anew", () => {
  const over = new WeakSet<List>();
  always(({ state }, what, list) => {
    if (state.stand.kind !== "line") over.add(list);
    if (over.has(list)) expect(list.gone.includes("line"), what).toBe(false);
  });
});

test("once everything is quiet, a list whose newest message is on the screen stands at it, or where it was sent", () => {
  for (let seed = 1; seed <= runs; seed += 1) {
    const random = randomFrom(seed);
    const { list, happenings } = opened(random);
    const names = Object.keys(happenings);
    for (let step = 0; step < steps; step += 1) happenings[names[random(names.length)] ?? "frame"]?.();
    for (const what of ["frame", "rest", "frame"]) happenings[what]?.();
    const { kind } = list.state.stand;
    expect(["line", "end", "message", "free"], `seed ${seed}`).toContain(kind);
    if (kind === "free") expect(list.state.isAtEnd, `seed ${seed}`).toBe(false);
  }
});
