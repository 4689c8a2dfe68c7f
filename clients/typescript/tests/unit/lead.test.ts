import { beforeAll, describe, expect, it } from "vitest";

import { Lead } from "../../src/sync/lead.js";
import { installLocks } from "../support/locks.js";
import { until } from "../support/until.js";
import { Cell } from "../../src/store/cell.js";

beforeAll(installLocks);

let names = 0;

/** Tabs that stand for one lead, and who of them has it. */
function contest(count: number) {
  const name = `lead ${(names += 1)}`;
  const said = new Cell<readonly string[]>([]);
  const say = (word: string) => said.update((words) => [...words, word]);
  const tabs = Array.from({ length: count }, (_, index) => new Lead(name, { onLead: () => say(`${index} leads`), onWait: () => say(`${index} waits`), onLost: () => say(`${index} lost`) }));
  return { tabs, said, heard: (word: string) => until(said, (words) => words.includes(word)) };
}

describe("the lead", () => {
  it("goes to the first, then to the next in line", async () => {
    const { tabs, said, heard } = contest(2);
    tabs[0]!.stand();
    await heard("0 leads");
    tabs[1]!.stand();
    await heard("1 waits");

    tabs[0]!.stop();
    await heard("1 leads");

    expect(said.getSnapshot()).toEqual(["0 leads", "1 waits", "1 leads"]);
  });

  it("is taken from a tab that does not answer, which may stand again", async () => {
    const { tabs, said, heard } = contest(2);
    tabs[0]!.stand();
    await heard("0 leads");
    tabs[1]!.stand();
    await heard("1 waits");

    tabs[1]!.seize();
    await heard("1 leads");
    await heard("0 lost");
    tabs[0]!.stand();
    await heard("0 waits");
    tabs[1]!.stop();
    await until(said, (words) => words.filter((word) => word === "0 leads").length === 2);
  });

  it("is nothing for a tab that is over", async () => {
    const { tabs, said, heard } = contest(2);
    tabs[0]!.stand();
    await heard("0 leads");
    tabs[1]!.stand();
    await heard("1 waits");

    tabs[1]!.stop();
    tabs[1]!.seize();
    tabs[0]!.stop();

    expect(said.getSnapshot()).toEqual(["0 leads", "1 waits"]);
  });
});
