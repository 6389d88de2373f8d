// What the benchmarks share: one measured figure, and how figures are taken and written.

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

/** The value that the share of them does not exceed: 0.99 for the slowest of a hundred. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** How many milliseconds the work took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export function rate(rows: number, milliseconds: number): string {
  return `${Math.round(rows / milliseconds)}k rows/s`;
}
