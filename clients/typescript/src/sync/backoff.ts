/** How long to wait before the next try: full jitter, so that devices that lost the same server do not come back together. */

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  return random * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
}
