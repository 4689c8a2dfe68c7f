/** One cell for each key, made when it is first asked for. */

import { Cell } from "./cell.js";

export class KeyedCells<K, V> {
  readonly #cells = new Map<K, Cell<V>>();
  readonly #initial: V;

  constructor(initial: V) {
    this.#initial = initial;
  }

  of(key: K): Cell<V> {
    let cell = this.#cells.get(key);
    if (!cell) {
      cell = new Cell(this.#initial);
      this.#cells.set(key, cell);
    }
    return cell;
  }

  entries(): Iterable<[K, Cell<V>]> {
    return this.#cells.entries();
  }

  /** The cells stay, so that whoever watches one sees what becomes of it. */
  reset(): void {
    for (const cell of this.#cells.values()) cell.set(this.#initial);
  }
}
