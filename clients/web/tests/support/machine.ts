/**
 * How fast this machine runs a page: Lighthouse's BenchmarkIndex in our own words. One half makes strings and throws them away,
 * the other copies arrays; each half counts tens of rounds a second. Desktops have some 1,500 to 3,000.
 */
import type { Page } from "@playwright/test";

const halfMs = 500;

export async function benchmarkIndex(page: Page): Promise<number> {
  return page.evaluate((ms) => {
    const tensOfRoundsPerSecond = (round: (turn: number) => void): number => {
      const start = performance.now();
      let rounds = 0;
      for (; performance.now() - start < ms; rounds += 1) round(rounds);
      return rounds / 10 / ((performance.now() - start) / 1000);
    };
    const strings = tensOfRoundsPerSecond(() => {
      let text = "";
      for (let at = 0; at < 10_000; at += 1) text += "a";
      if (text.length === 1) throw new Error("never, but the compiler does not know");
    });
    const [one, other] = [0, 1].map(() => Array.from({ length: 100_000 }, (_, at) => at)) as [number[], number[]];
    const arrays = tensOfRoundsPerSecond((turn) => {
      const [from, to] = turn % 2 === 0 ? [one, other] : [other, one];
      for (let at = 0; at < from.length; at += 1) to[at] = from[at] ?? 0;
    });
    return (strings + arrays) / 2;
  }, halfMs);
}
