/** Fills the gaps between messages: who joined, left or renamed the room, read from its log where no event told it live. */

import type { Source } from "../api/source.js";
import type { RoomId } from "../model/ids.js";
import type { Keeper } from "../persist/keeper.js";
import type { Span } from "../store/spans.js";
import type { World } from "../store/world.js";
import { ignoreRefusal } from "./repair.js";

/** Gaps nearer to one another than this are read in one go. */
const NEAR = 50;
/** Of one go; and the most goes after one page. */
const LONGEST = 500;
const MOST_READS = 8;

export class History {
  readonly #world: World;
  readonly #source: Pick<Source, "notes">;
  readonly #keeper: Keeper;
  readonly #filling = new Set<RoomId>();
  /** Asked for while they are filled: what is shown may be another stretch by now. */
  readonly #again = new Set<RoomId>();

  constructor(world: World, source: Pick<Source, "notes">, keeper: Keeper) {
    this.#world = world;
    this.#source = source;
    this.#keeper = keeper;
  }

  /** What is shown of a group gets its notes; a direct room has none. */
  async fill(id: RoomId): Promise<void> {
    if (this.#filling.has(id)) {
      this.#again.add(id);
      return;
    }
    this.#filling.add(id);
    try {
      do {
        this.#again.delete(id);
        await this.#fillShown(id);
      } while (this.#again.has(id));
    } catch (error) {
      // They are an addition: without a connection the messages stand for themselves.
      ignoreRefusal(error);
    } finally {
      this.#filling.delete(id);
      this.#again.delete(id);
    }
  }

  async #fillShown(id: RoomId): Promise<void> {
    const room = this.#world.rooms.get(id);
    if (room?.kind !== "group") return;
    const gaps = this.#world.log(id).unknownSpans(room.joinedSeq, room.lastSeq);
    for (const span of together(gaps).slice(-MOST_READS).toReversed()) {
      const notes = await this.#source.notes(id, span.from - 1, span.to - span.from + 1);
      this.#keeper.noted(id, span, notes.filter(({ seq }) => seq <= span.to));
    }
  }
}

/** Fewer and longer spans that contain these ascending ones. */
function together(gaps: readonly Span[]): Span[] {
  const spans: Span[] = [];
  for (const gap of gaps.map(cut)) {
    const last = spans.at(-1);
    if (last && gap.from - last.to <= NEAR && gap.to - last.from < LONGEST) spans[spans.length - 1] = { from: last.from, to: gap.to };
    else spans.push(gap);
  }
  return spans;
}

/** The newest part of a long one: the rest is asked for when it is looked at. */
const cut = ({ from, to }: Span): Span => ({ from: Math.max(from, to - LONGEST + 1), to });
