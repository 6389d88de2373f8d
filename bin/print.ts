// Tables for a person at a terminal: texts to the left, numbers to the right.

const NUMERIC = /^[-+]?[$€]?[\d.,]+\s?%?$/;

/** What stands in a column of numbers where there is none. */
const NO_NUMBER = ['', 'unknown'];

/** Prints a table, or a line that says that there is nothing. */
export function printTable(heads: string[], rows: string[][], empty = 'There are none yet.'): void {
  console.log(rows.length === 0 ? empty : formatTable(heads, rows));
}

/** The table as text, columns as wide as their longest cell. */
export function formatTable(heads: string[], rows: string[][]): string {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const isNumeric = heads.map((_, column) => {
    const cells = rows.map((row) => row[column] ?? '');
    const told = cells.filter((cell) => !NO_NUMBER.includes(cell));
    return told.length > 0 && told.every((cell) => NUMERIC.test(cell));
  });
  const line = (cells: string[]) =>
    cells
      .map((cell, column) =>
        isNumeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(heads), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join(
    '\n',
  );
}
