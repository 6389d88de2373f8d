// The totals of the shipped trace as other tools computed them: Python decimals, awk and sqlite3.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

export interface ExpectedTotals {
  key: string;
  requests: number;
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  cost: string;
}

const FOLDER = join(import.meta.dirname, 'fixtures', 'aider');

/** The rows of one `expected_by_*.csv`. */
export function readExpectedCsv(name: string): ExpectedTotals[] {
  const rows = parse(readFileSync(join(FOLDER, `expected_by_${name}.csv`)), {
    from_line: 2,
  }) as string[][];
  return rows.map(toTotals);
}

/** The rows of one table of EXPECTED.md; the first table, of all calls, has no heading of its own. */
export function readExpectedTable(heading?: string): ExpectedTotals[] {
  const page = readFileSync(join(FOLDER, 'EXPECTED.md'), 'utf8');
  const section = heading === undefined ? page : (page.split(`## ${heading}`)[1] ?? '');
  const until = section.split('\n## ')[0] ?? '';
  const cells = until
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2);
  return cells.map((line) =>
    toTotals(
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ),
  );
}

function toTotals([key = '', requests, input, output, total, cost = '']: string[]): ExpectedTotals {
  return {
    key,
    requests: Number(requests),
    input_tokens: Number(input),
    output_tokens: Number(output),
    total_tokens: Number(total),
    cost,
  };
}
