/** Stretches of a room's log, both ends included: which of them are known, and where messages leave gaps. */

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The known stretches and one more; those that touch become one. */
export function joined(spans: readonly Span[], more: Span): readonly Span[] {
  const apart = spans.filter(({ from, to }) => to < more.from - 1 || from > more.to + 1);
  const touching = spans.filter((span) => !apart.includes(span));
  const from = Math.min(more.from, ...touching.map((span) => span.from));
  const to = Math.max(more.to, ...touching.map((span) => span.to));
  return [...apart, { from, to }];
}

export const covers = (spans: readonly Span[], { from, to }: Span): boolean => spans.some((span) => span.from <= from && span.to >= to);

/** What lies between these ascending numbers, and from `start` to `end` beside them; null leaves that side out. */
export function gapsBetween(seqs: readonly number[], start: number | null, end: number | null): readonly Span[] {
  const gaps: Span[] = [];
  let last = start === null ? null : start - 1;
  for (const seq of end === null ? seqs : [...seqs, end + 1]) {
    if (last !== null && seq > last + 1) gaps.push({ from: last + 1, to: seq - 1 });
    last = seq;
  }
  return gaps;
}
