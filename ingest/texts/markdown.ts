// Pure: takes the marks of markdown off a model's answer and keeps its words, links and lines. No
// parser: what is not clearly a mark stays, such as "2 * 3", "snake_case" and "__init__". Takes time
// in proportion to the text, whatever it is: no two parts of an expression can share the same signs.

// The first three are of lines without blanks at their ends.
const FENCE = /^(?:```+|~~~+) *[\w+#.-]*$/;
const RULE = /^(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,}|=+)$/;
const TABLE_RULE = /^\|?(?: *:?-+:? *\|)+(?: *:?-+:?)?$/;
const TABLE_ROW = /^ *\|(.*)\| *$/;
const HEADING = /^ {0,3}(?:#{1,6} +)+/;
const QUOTE = /^ {0,3}(?:> ?)+/;
const BULLET = /^( *)(?:[*+•●▪◦‣∙·–—] +)+(?=\S)/;
const LINK = /!?\[([^[\]\n]{0,500})\]\(<?([^()<>\s]{1,2000})>?(?: "[^"\n]{0,200}")?\)/g;
const BARE_LINK = /<((?:https?:\/\/|mailto:)[^<>\s]{1,2000})>/g;
const LINE_BREAK_TAG = /<br *\/?>/gi;
const MARKS = ['*', '_', '~'] as const;

/** The text without marks; running it again may find marks that others covered. */
export function stripMarkdown(text: string): string {
  return text
    .replace(LINE_BREAK_TAG, '\n')
    .split('\n')
    .filter((line) => !isRule(line.trim()))
    .map(stripLine)
    .join('\n');
}

function isRule(marks: string): boolean {
  return FENCE.test(marks) || RULE.test(marks) || TABLE_RULE.test(marks);
}

function stripLine(line: string): string {
  const text = line
    .replace(TABLE_ROW, (_, cells: string) => joinCells(cells))
    .replace(QUOTE, '')
    .replace(HEADING, '')
    .replace(BULLET, '$1- ');
  const unlinked = stripCode(text)
    .replace(LINK, (_, label: string, url: string) => joinLink(label.trim(), url))
    .replace(BARE_LINK, '$1');
  return stripEmphasis(unlinked);
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

/** Takes away backticks with as many after them; of a longer run before, its last ones. */
function stripCode(line: string): string {
  const gone: Run[] = [];
  let opener: Run | undefined;
  for (const { index: start, 0: ticks } of line.matchAll(/`+/g)) {
    const closer = { mark: '`', start, end: start + ticks.length };
    if (opener === undefined || ticks.length > opener.end - opener.start) {
      opener = closer;
    } else {
      gone.push({ ...opener, start: opener.end - ticks.length }, closer);
      opener = undefined;
    }
  }
  return without(line, gone);
}

/** Takes runs of "*", "_" and "~~" away in pairs, as deep as they nest, in one go over the line. */
function stripEmphasis(line: string): string {
  // By mark, for a search through those of others would be long.
  const open = new Map<string, Run[]>(MARKS.map((mark) => [mark, []]));
  const gone: Run[] = [];
  for (const match of line.matchAll(/\*+|_+|~~+/g)) {
    const [marks] = match;
    const run = { mark: marks.charAt(0), start: match.index, end: match.index + marks.length };
    const before = line.charAt(run.start - 1);
    const after = line.charAt(run.end);
    const opener = isBlank(before) || isWord(after) ? undefined : open.get(run.mark)?.at(-1);
    if (opener !== undefined) {
      for (const runs of open.values()) dropFrom(runs, opener.start);
      if (!isPythonName(line, opener, run)) gone.push(opener, run);
    } else if (!isBlank(after) && !isWord(before) && before !== '\\') {
      open.get(run.mark)?.push(run);
    }
  }
  return without(
    line,
    gone.sort((one, other) => one.start - other.start),
  );
}

/** Takes off all that start there or later. */
function dropFrom(runs: Run[], start: number): void {
  while ((runs.at(-1)?.start ?? -1) >= start) runs.pop();
}

/** The line without the runs, which are in its order. */
function without(line: string, gone: Run[]): string {
  let from = 0;
  const kept = gone.map(({ start, end }) => {
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
