// Faults on demand: forced ones first, in order, else by chance from a seed, so that a run can be
// repeated. What a fault does is the stand-in's.

export interface Faults<Name extends string> {
  /** Probability of each, 0 to 1; may be changed at any time. */
  chances: Partial<Record<Name, number>>;
  /** How often each was met. */
  met: Map<Name, number>;
  /** The next requests meet these, one each. */
  force(...names: Name[]): void;
  /** The fault of this request, or null. */
  next(): Name | null;
}

/** A repeatable source of numbers from 0 to 1 (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function createFaults<Name extends string>(
  random: () => number,
  chances: Partial<Record<Name, number>> = {},
): Faults<Name> {
  const forced: Name[] = [];
  const faults: Faults<Name> = {
    chances,
    met: new Map(),
    force: (...names) => void forced.push(...names),
    next: () => {
      const name = forced.shift() ?? draw(random(), faults.chances);
      if (name !== null) faults.met.set(name, (faults.met.get(name) ?? 0) + 1);
      return name;
    },
  };
  return faults;
}

function draw<Name extends string>(
  point: number,
  chances: Partial<Record<Name, number>>,
): Name | null {
  let reached = 0;
  for (const [name, chance] of Object.entries(chances) as [Name, number][]) {
    reached += chance;
    if (point < reached) return name;
  }
  return null;
}
