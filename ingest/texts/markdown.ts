// Pure: takes the marks of markdown off a model's answer and keeps its words, links and lines. No
// parser: what is not clearly a mark stays, such as "2 * 3", "snake_case" and "__init__".

const FENCE = /^ *(?:```+|~~~+) *[\w+#.-]* *$/;
const RULE = /^ *(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,}|=+)$/;
const TABLE_RULE = /^ *\|?(?: *:?-+:? *\|)+(?: *:?-+:?)? *$/;
const TABLE_ROW = /^ *\|(.*)\| *$/;
const HEADING = /^ {0,3}(?:#{1,6} +)+/;
const QUOTE = /^ {0,3}(?:> ?)+/;
const BULLET = /^( *)(?:[*+•●▪◦‣∙·–—] +)+(?=\S)/;
const LINK = /!?\[([^[\]\n]{0,500})\]\(<?([^()<>\s]{1,2000})>?(?: "[^"\n]{0,200}")?\)/g;
const BARE_LINK = /<((?:https?:\/\/|mailto:)[^<>\s]{1,2000})>/g;
const LINE_BREAK_TAG = /<br *\/?>/gi;
const INLINE_CODE = /(`+)([^`\n]+)\1(?!`)/g;

/** The text without marks; running it again may find marks that others covered. */
export function stripMarkdown(text: string): string {
  return text
    .replace(LINE_BREAK_TAG, '\n')
    .split('\n')
    .filter((line) => !FENCE.test(line) && !isRule(line))
    .map(stripLine)
    .join('\n');
}

function isRule(line: string): boolean {
  // Without its blanks, or a line of thousands of them takes a second.
  const marks = line.trim();
  return RULE.test(marks) || (marks.includes('|') && TABLE_RULE.test(marks));
}

function stripLine(line: string): string {
  const text = line
    .replace(TABLE_ROW, (_, cells: string) => joinCells(cells))
    .replace(QUOTE, '')
    .replace(HEADING, '')
    .replace(BULLET, '$1- ')
    .replace(INLINE_CODE, '$2')
    .replace(LINK, (_, label: string, url: string) => joinLink(label.trim(), url))
    .replace(BARE_LINK, '$1');
  return stripEmphasis(text);
}

function joinCells(cells: string): string {
  return cells
    .split('|')
    .map((cell) => cell.trim())
    .filter((cell) => cell !== '')
    .join(', ');
}

function joinLink(label: string, url: string): string {
  const isSame = label === '' || label === url || `https://${label}` === url;
  return isSame ? url : `${label} (${url})`;
}

interface Run {
  mark: string;
  start: number;
  end: number;
}

/** Takes runs of "*", "_" and "~~" away in pairs, as deep as they nest, in one go over the line. */
function stripEmphasis(line: string): string {
  const open: Run[] = [];
  const gone: Run[] = [];
  for (const match of line.matchAll(/\*+|_+|~~+/g)) {
    const [marks] = match;
    const run = { mark: marks.charAt(0), start: match.index, end: match.index + marks.length };
    const before = line.charAt(run.start - 1);
    const after = line.charAt(run.end);
    const at =
      isBlank(before) || isWord(after) ? -1 : open.findLastIndex((o) => o.mark === run.mark);
    const opener = open[at];
    if (opener !== undefined) {
      open.length = at;
      if (!isPythonName(line, opener, run)) gone.push(opener, run);
    } else if (!isBlank(after) && !isWord(before) && before !== '\\') {
      open.push(run);
    }
  }
  let from = 0;
  const kept = gone
    .sort((one, other) => one.start - other.start)
    .map(({ start, end }) => {
      const part = line.slice(from, start);
      from = end;
      return part;
    });
  return kept.join('') + line.slice(from);
}

/** "__init__" is a name, "__very important__" is not. */
function isPythonName(line: string, opener: Run, closer: Run): boolean {
  const isDouble = opener.mark === '_' && opener.end - opener.start === 2;
  return isDouble && /^\w+$/.test(line.slice(opener.end, closer.start));
}

function isBlank(character: string): boolean {
  return character === '' || character === ' ';
}

function isWord(character: string): boolean {
  return /^[A-Za-z0-9]$/.test(character);
}
