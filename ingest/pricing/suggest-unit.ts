// Guesses which unit somebody meant who wrote one that is not known. Pure.
import { listUnits } from './units.ts';

/** A slip of the pen or two, or a forgotten ending. */
const DISTANCE_MAX = 2;

/** The unit that is spelled most like the name, or undefined where none is near. */
export function suggestUnit(name: string): string | undefined {
  const asked = name.toLowerCase();
  const [nearest] = listUnits()
    .map((unit) => ({ unit, distance: distanceOf(asked, unit) }))
    .sort((left, right) => left.distance - right.distance);
  return nearest !== undefined && nearest.distance <= DISTANCE_MAX ? nearest.unit : undefined;
}

/** How many letters must be added, taken away or changed (Levenshtein). */
function distanceOf(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > DISTANCE_MAX) return Number.POSITIVE_INFINITY;
  let above = Array.from({ length: right.length + 1 }, (_, place) => place);
  for (const [row, letter] of [...left].entries()) {
    const current = [row + 1];
    for (const [place, other] of [...right].entries()) {
      const changed = (above[place] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(changed, (above[place + 1] ?? 0) + 1, (current[place] ?? 0) + 1));
    }
    above = current;
  }
  return above.at(-1) ?? 0;
}
