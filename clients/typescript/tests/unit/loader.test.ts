import { describe, expect, it } from "vitest";

import { Cell } from "../../src/store/cell.js";
import { emptyList, type ListState } from "../../src/store/list.js";
import { fill } from "../../src/sync/loader.js";

type List = Cell<ListState<string>>;

const add = (cell: List, item: string): void => cell.update((list) => ({ ...list, items: [...list.items, item] }));

describe("a list that changes while it is read", () => {
  it("is read again, because what was read may be older than the change", async () => {
    const cell: List = new Cell<ListState<string>>(emptyList);
    const server = ["ann"];

    await fill(cell, async () => {
      const answer = [...server];
      if (!server.includes("ben")) {
        server.push("ben");
        add(cell, "ben");
      }
      return answer;
    });

    expect(cell.getSnapshot()).toEqual({ items: ["ann", "ben"], load: { kind: "ready" }, hasMore: false });
  });

  it("is taken as it is when it never rests", async () => {
    const cell: List = new Cell<ListState<string>>(emptyList);
    let reads = 0;

    await fill(cell, async () => {
      reads += 1;
      add(cell, `change ${reads}`);
      return [`reading ${reads}`];
    });

    expect(cell.getSnapshot().items).toEqual([`reading ${reads}`]);
  });
});
