/** Whose presence is followed: everybody's who is on a screen, of all tabs together. */

import type { UserId } from "../model/ids.js";
import type { World } from "../store/world.js";
import { toPresence } from "../wire/people.js";
import type { PresenceFrame } from "../wire/frames.js";
import type { Link } from "./link.js";

/** The server follows as many. */
const MOST = 200;
/** A list that scrolls changes often. */
const PAUSE_MS = 100;

export class Watching {
  readonly #world: World;
  readonly #link: Link;
  readonly #mine = new Map<UserId, number>();
  readonly #others = new Map<string, readonly string[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** In a following tab: tells the leading one instead of the server. */
  tell: ((userIds: readonly string[]) => void) | null = null;
  /** What the server answers is news for the other tabs too. */
  onPresence: (frame: PresenceFrame) => void = () => {};

  constructor(world: World, link: Link) {
    this.#world = world;
    this.#link = link;
    let wasUp = false;
    link.state.subscribe(() => {
      const { kind } = link.state.getSnapshot();
      const isUp = kind === "live" || kind === "resuming";
      // A new connection knows nothing of it.
      if (isUp && !wasUp) this.#changed();
      wasUp = isUp;
    });
  }

  add(userIds: readonly UserId[]): () => void {
    for (const id of userIds) this.#mine.set(id, (this.#mine.get(id) ?? 0) + 1);
    this.#changed();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      for (const id of userIds) {
        const count = (this.#mine.get(id) ?? 1) - 1;
        if (count > 0) this.#mine.set(id, count);
        else this.#mine.delete(id);
      }
      this.#changed();
    };
  }

  /** What another tab follows. */
  setOther(tab: string, userIds: readonly string[]): void {
    if (userIds.length > 0) this.#others.set(tab, userIds);
    else this.#others.delete(tab);
    this.#changed();
  }

  #changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#send();
    }, PAUSE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #send(): Promise<void> {
    const mine = [...this.#mine.keys()];
    if (this.tell) {
      this.tell(mine);
      return;
    }
    const all = new Set<string>([...mine, ...[...this.#others.values()].flat()]);
    try {
      const { presences } = await this.#link.request("watch", { user_ids: [...all].slice(0, MOST) });
      for (const presence of presences) {
        const frame: PresenceFrame = { t: "presence", ...presence };
        this.#world.presence.of(frame.user_id as UserId).set(toPresence(frame));
        this.onPresence(frame);
      }
    } catch {
      // The next connection asks again.
    }
  }
}
