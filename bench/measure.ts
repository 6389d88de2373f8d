// What the benchmarks share: one measured figure, and the median of several.

/** One measured figure, with what it is measured against. */
export interface Measurement {
  work: string;
  figure: string;
  aim: string;
}

/** The middle value; of an even number the upper one. */
export function median(values: number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
