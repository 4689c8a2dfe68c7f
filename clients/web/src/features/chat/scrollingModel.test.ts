/** The scroll's promises under any order of events, on a list of plain numbers that behaves as a browser's does. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { next, UNPLACED, type ScrollEvent, type Scrolling, type Target } from "./scrolling.ts";

const screen = 600;
const endPx = 60;
const guessed = 40;

interface Row {
  readonly name: number;
  height: number;
  isMeasured: boolean;
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

  pull(by: number): void {
    this.tell({ kind: "grabbed" });
    this.scrollTo(this.top + by);
  }

  append(): void {
    this.rows = [...this.rows, { name: (this.rows.at(-1)?.name ?? 0) + 1, height: guessed, isMeasured: false }];
  }

  tellRows(change: { readonly hasNewLast: boolean; readonly isMine?: boolean }): void {
    this.tell({ kind: "rows", isReplaced: false, hasLine: this.line !== null, isPast: false, isMine: false, ...change });
  }
}

/** A height that the same row always has. */
const heightOf = (name: number): number => 30 + ((Math.abs(name) * 37) % 120);

/** What can happen to a list; `amount` says how much of it. */
const HAPPENINGS = {
  pageAbove: (list) => {
    const first = list.rows[0]?.name ?? 0;
    const page = Array.from({ length: 10 }, (_, index) => ({ name: first - 10 + index, height: guessed, isMeasured: false }));
    list.rows = [...page, ...list.rows];
    // The virtual list keeps what is seen where it is.
    list.scrollTo(list.top + page.length * guessed);
    list.tellRows({ hasNewLast: false });
  },
  message: (list) => {
    list.append();
    list.tellRows({ hasNewLast: true });
  },
  mine: (list) => {
    list.append();
    list.tellRows({ hasNewLast: true, isMine: true });
  },
  measured: (list, amount) => {
    let [offset, added] = [0, 0];
    const { top } = list;
    for (const [index, row] of list.rows.entries()) {
      const isAbove = offset + row.height <= top;
      offset += row.height;
      if (row.isMeasured || index % 3 === amount % 3) continue;
      const height = heightOf(row.name);
      if (isAbove) added += height - row.height;
      Object.assign(row, { height, isMeasured: true });
    }
    list.scrollTo(top + added);
    list.tell({ kind: "laidOut", isAtEnd: list.isAtEnd, hasNewHeight: false });
  },
  keyboard: (list) => {
    list.screen = list.screen === screen ? screen / 2 : screen;
    list.scrollTo(list.top);
    list.tell({ kind: "laidOut", isAtEnd: list.isAtEnd, hasNewHeight: true });
  },
  up: (list, amount) => list.pull(-amount),
  down: (list, amount) => list.pull(amount),
  touch: (list) => list.tell({ kind: "grabbed" }),
  rest: (list) => list.tell({ kind: "rested" }),
  frame: (list) => list.tellMove(),
  jump: (list, amount) => list.tell({ kind: "sentToMessage", seq: list.rows[amount % list.rows.length]?.name ?? 0 }),
  newest: (list, amount) => list.tell({ kind: "sentToEnd", glides: amount % 2 === 0 }),
  back: (list) => list.tell({ kind: "shown" }),
} satisfies Record<string, (list: List, amount: number) => void>;
type What = keyof typeof HAPPENINGS;

const happening = fc.record({ what: fc.constantFrom(...(Object.keys(HAPPENINGS) as What[])), amount: fc.integer({ min: 1, max: 900 }) });
const opening = fc.record({ rows: fc.integer({ min: 5, max: 45 }), line: fc.option(fc.nat(44)) });

function opened({ rows, line }: { readonly rows: number; readonly line: number | null }): List {
  const list = new List();
  for (let row = 0; row < rows; row += 1) list.append();
  list.line = line === null ? null : (list.rows[line]?.name ?? null);
  list.tellRows({ hasNewLast: false });
  return list;
}

interface Before {
  readonly state: Scrolling;
  readonly seen: ReturnType<List["seen"]>;
  readonly isScrollable: boolean;
}

/** Looks after each step of any order of happenings. */
function always(check: (list: List, what: What, before: Before) => void): void {
  fc.assert(fc.property(opening, fc.array(happening, { maxLength: 60 }), (first, happenings) => {
    const list = opened(first);
    for (const { what, amount } of happenings) {
      const before = { state: list.state, seen: list.seen(), isScrollable: list.farthest > 0 };
      list.gone = [];
      HAPPENINGS[what](list, amount);
      check(list, what, before);
    }
  }));
}

const isAsked = (what: What): boolean => ["jump", "newest", "mine"].includes(what);

test("a list in a hand, or where one has left it, goes nowhere by itself but to a jump and to what I have written", () => {
  always((list, what, { state }) => {
    const isHeld = state.stand.kind === "held" || (state.stand.kind === "free" && !state.isAtEnd);
    // Letting go at the end shows what has come there meanwhile.
    const isLetGo = state.isAtEnd && (what === "rest" || what === "back");
    if (isHeld && !isLetGo && !isAsked(what)) expect(list.gone).toEqual([]);
  });
});

test("a page above does not move what a hand has put there", () => {
  always((list, what, { state, seen, isScrollable }) => {
    if (what === "pageAbove" && isScrollable && (state.stand.kind === "held" || state.stand.kind === "free")) expect(list.seen()).toEqual(seen);
  });
});

test("a list at its end is there after all that comes in, becomes known or changes its height", () => {
  always((list, what, { state }) => {
    if (state.stand.kind !== "end" || !["pageAbove", "message", "mine", "measured", "keyboard", "back"].includes(what)) return;
    expect(list.state.stand.kind).toBe("end");
    expect(list.top).toBe(list.farthest);
  });
});

test("the line is put in its place again only until somebody has moved the list, and never anew", () => {
  const over = new WeakSet<List>();
  always((list, _, { state }) => {
    if (state.stand.kind !== "line") over.add(list);
    if (over.has(list)) expect(list.gone).not.toContain("line");
  });
});

test("once everything is quiet, a list whose newest message is on the screen stands at it, or where it was sent", () => {
  fc.assert(fc.property(opening, fc.array(happening, { maxLength: 60 }), (first, happenings) => {
    const list = opened(first);
    for (const { what, amount } of happenings) HAPPENINGS[what](list, amount);
    list.tellMove();
    list.tell({ kind: "rested" });
    list.tellMove();

    const { stand, isAtEnd } = list.state;
    expect(["line", "end", "message", "free"]).toContain(stand.kind);
    if (stand.kind === "free") expect(isAtEnd).toBe(false);
  }));
});
