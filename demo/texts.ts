// The shipped texts: 200 real text messages, and the made-up people and hours that the demo has them
// sent by and at. Pure.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DemoText {
  from: string;
  body: string;
}

/** Texts that are sent at one hour. */
export interface TextRound {
  at: Date;
  texts: DemoText[];
}

const PATH = join(import.meta.dirname, 'texts.txt');
const PEOPLE = 24;
/** Monday to Wednesday of 2025-W12, in the hours of New York. */
const HOURS = ['17T13', '17T16', '17T19', '17T22', '18T13', '18T15', '18T17', '18T20', '19T14'];

/** All texts in rounds, oldest first. Numbers are of the range that is given to nobody (555-01xx). */
export function readTextRounds(): TextRound[] {
  const bodies = readFileSync(PATH, 'utf8').trimEnd().split('\n');
  const size = Math.ceil(bodies.length / HOURS.length);
  return HOURS.map((hour, round) => ({
    at: new Date(`2025-03-${hour}:00:00Z`),
    texts: bodies.slice(round * size, (round + 1) * size).map((body, index) => ({
      from: numberOf(round * size + index),
      body,
    })),
  }));
}

/** Some people text often, most now and then. */
function numberOf(index: number): string {
  const person = index % 3 === 0 ? index % 5 : index % PEOPLE;
  return `+121255501${String(person).padStart(2, '0')}`;
}
