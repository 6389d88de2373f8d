// Pure: cuts a text to a number of SMS segments where it hurts least, and keeps what is left over
// for later. Does not normalise: a sign that costs UCS-2 goes in as it is.
import assert from 'node:assert/strict';
import { countSegments, SEGMENT_LENGTH_MAX } from './segments.ts';

export interface CutText {
  /** What is sent, the suffix included if anything is left over. */
  text: string;
  /** What is left over, to be cut again; empty if all was said. */
  rest: string;
}

// A sentence or a line may end a message that is half full, a word one that is a quarter full;
// otherwise too much of what is paid for would stay empty.
const SENTENCE_SHARE_MIN = 1 / 2;
const WORD_SHARE_MIN = 1 / 4;
// "1." begins an item and "Dr." a name: neither ends a sentence.
const NO_END =
  /(?:^\s*(?:\d+|\p{L})[.)]|(?:^|[\s(])(?:Dr|Mr|Mrs|Ms|Prof|St|No|Nr|vs|approx|Sr|Sra|Mme)\.)\s*$/u;

const sentences = new Intl.Segmenter('und', { granularity: 'sentence' });
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/**
 * Cuts at a sentence end, else between words, else between graphemes, so that the text and its
 * suffix take at most `segmentsMax` segments. Only blanks at the ends and at the cut are lost.
 */
export function cutToSegments(text: string, segmentsMax: number, suffix = ''): CutText {
  assert(Number.isInteger(segmentsMax) && segmentsMax >= 1, 'a text takes at least one segment');
  assert(fits(`😀${suffix}`, segmentsMax), 'the suffix leaves no room for a text');
  const whole = text.trim();
  if (fits(whole, segmentsMax)) return { text: whole, rest: '' };
  // No head is longer than this; two units more show what follows it.
  const view = whole.slice(0, segmentsMax * SEGMENT_LENGTH_MAX + 2);
  const room = findRoom(view, (head) => fits(`${head.trimEnd()}${suffix}`, segmentsMax));
  const at = findSentenceEnd(view, room) ?? findWordEnd(view, room) ?? room;
  return { text: `${whole.slice(0, at).trimEnd()}${suffix}`, rest: whole.slice(at).trimStart() };
}

function fits(text: string, segmentsMax: number): boolean {
  // Spares counting 100 kB.
  const isShort = text.length <= segmentsMax * SEGMENT_LENGTH_MAX;
  return isShort && countSegments(text).segments <= segmentsMax;
}

/** How much of the view fits, in whole graphemes where one fits at all. */
function findRoom(view: string, isFitting: (head: string) => boolean): number {
  const starts = [...graphemes.segment(view)].map(({ index }) => index).slice(1);
  const place = findLast(starts, (at) => isFitting(view.slice(0, at)));
  if (place !== undefined) return place;
  // A single grapheme may be longer than a message (a letter under a hundred accents): then
  // between its characters, but never within a surrogate pair.
  let end = 0;
  const ends = [...view].map((character) => {
    end += character.length;
    return end;
  });
  return findLast(ends, (at) => isFitting(view.slice(0, at))) ?? view.length;
}

/** The last of the rising places that holds, where none holds after one that does not. */
function findLast(places: readonly number[], holds: (place: number) => boolean) {
  let from = 0;
  let until = places.length;
  while (from < until) {
    const middle = (from + until) >> 1;
    if (holds(places[middle] ?? 0)) from = middle + 1;
    else until = middle;
  }
  return places[from - 1];
}

function findSentenceEnd(view: string, room: number): number | undefined {
  let found: number | undefined;
  for (const { index, segment } of sentences.segment(view)) {
    const end = index + segment.trimEnd().length;
    // Where the view ends, no sentence needs to end.
    if (end > room || index + segment.length >= view.length) break;
    if (!NO_END.test(segment)) found = end;
  }
  return found !== undefined && found >= room * SENTENCE_SHARE_MIN ? found : undefined;
}

function findWordEnd(view: string, room: number): number | undefined {
  for (let at = room; at >= room * WORD_SHARE_MIN && at > 0; at -= 1) {
    if (/\s/.test(view[at] ?? '')) return at;
  }
  return undefined;
}
