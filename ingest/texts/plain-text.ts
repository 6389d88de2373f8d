// Pure: a model's answer → the plain text that is sent as SMS: no markdown, the cheaper one of equal
// signs, no needless blanks. Does not shorten: that is cut.ts.
import { stripMarkdown } from './markdown.ts';
import { replaceSigns } from './sms-signs.ts';

// Each round uncovers one more layer of marks. Only a text made to be nasty has more of them; it
// loses the signs that marks are made of.
const ROUNDS_MAX = 6;
const MARKS = /[*_~`#>|[\]<+•●▪◦‣∙·]/g;

/** What a person reads. Done twice, it is the same text. */
export function toPlainText(answer: string): string {
  return settle(answer) ?? settle(answer.replace(MARKS, '')) ?? tidyBlanks(replaceSigns(answer));
}

/** Repeats until nothing changes; undefined if that does not come to an end. */
function settle(answer: string): string | undefined {
  let text = answer;
  for (let round = 0; round <= ROUNDS_MAX; round += 1) {
    const next = tidyBlanks(replaceSigns(stripMarkdown(text)));
    if (next === text) return text;
    text = next;
  }
  return undefined;
}

/** One blank between words, one blank line between paragraphs, none at the ends of lines. */
function tidyBlanks(text: string): string {
  return text
    .replace(/(?<=\S) {2,}/g, ' ')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
