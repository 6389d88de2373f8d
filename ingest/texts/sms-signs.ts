// Pure: signs that only look better than a sign of GSM-7 → that sign, because a single one of them
// makes a text cost more than double. Letters, emoji and whatever has no equal are left alone.

const SAME: Record<string, string> = {
  '"': '“”„‟″〝〞«»＂',
  "'": '‘’‚‛′‵´`ʹʼʻˈ＇',
  '<': '‹',
  '>': '›',
  '-': '‐‑‒–—―−⁃﹣－•●▪◦‣∙',
  '...': '…',
  '/': '⁄∕',
  '!!': '‼',
  '->': '→⇒➔➜',
  '<-': '←⇐',
  '<=': '≤',
  '>=': '≥',
  '!=': '≠',
  x: '×',
  '(C)': '©',
  '(R)': '®',
  '(TM)': '™',
  fi: 'ﬁ',
  fl: 'ﬂ',
  ff: 'ﬀ',
};
const EQUAL = new Map(
  Object.entries(SAME).flatMap(([plain, signs]) =>
    [...signs].map((sign) => [sign, plain] as const),
  ),
);
const FRACTIONS: Record<string, string> = {
  '¼': '1/4',
  '½': '1/2',
  '¾': '3/4',
  '⅓': '1/3',
  '⅔': '2/3',
};
const SIGNS = new RegExp(`[${[...EQUAL.keys()].join('')}]`, 'gu');

const LINE_BREAKS = /\r\n?|[\v\f\x85\u2028\u2029]/g;
const BLANKS = /[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
const CONTROLS = /(?!\n)\p{Cc}/gu;
// Soft hyphen, zero-width space, word joiner, byte order mark, invisible operators.
const INVISIBLE = /[\xad\u200b\u2060-\u2064\ufeff]/g;
// Joiners make emoji and letters of some scripts; after plain text they only cost. The same holds
// for the variation selector, which may follow a digit of a keycap.
const LONE_JOINERS = /(?<=^|[\0-\u024f])(?:[\u200c\u200d]|[\ufe00-\ufe0f](?!\u20e3))+/gu;
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const RIGHT_TO_LEFT =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** The text with equal signs of GSM-7, "\n" line breaks and nothing invisible. */
export function replaceSigns(text: string): string {
  const visible = text
    .toWellFormed()
    .normalize('NFC')
    .replace(LINE_BREAKS, '\n')
    .replace(BLANKS, ' ')
    .replace(CONTROLS, '')
    .replace(INVISIBLE, '');
  const directed = RIGHT_TO_LEFT.test(visible) ? visible : visible.replace(DIRECTIONS, '');
  return directed
    .replace(LONE_JOINERS, '')
    .replace(/(\p{L})—(?=\p{L})/gu, '$1 - ')
    .replace(/ · /g, ' - ')
    .replace(/(\d) ?°(?= ?[CF]\b)/g, '$1 ')
    .replace(/(\d) ?°/g, '$1 deg')
    .replace(/(\d?)([¼½¾⅓⅔])/g, (_, digit: string, sign: string) => {
      const fraction = FRACTIONS[sign] ?? sign;
      // "1½" is not "11/2".
      return digit === '' ? fraction : `${digit} ${fraction}`;
    })
    .replace(SIGNS, (sign) => EQUAL.get(sign) ?? sign);
}
