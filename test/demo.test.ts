// The demo as a person runs it: its totals against those of other tools, the same figures in every
// format, and nothing new when it runs again.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acquireEmbeddedPostgres } from '../core/embedded-postgres.ts';
import { Decimal } from '../core/money.ts';
import { createPool, query } from '../core/postgres.ts';
import { makeTestFolder, silentLog } from '../core/test-support.ts';
import { createFormatter } from '../reports/format.ts';
import { type ExpectedTotals, readExpectedCsv, readExpectedTable } from './expected.ts';
import { type Finished, PROJECT_DIR, readPdfText, readSheet, runDaybook } from './support.ts';

interface Artifact {
  report: string;
  period: string;
  format: string;
  path: string;
  bytes: number;
  sha256: string;
}

type Totals = Omit<ExpectedTotals, 'key'> & { effective_cost?: string };
type Part = 'by_day' | 'by_week' | 'by_month' | 'by_model' | 'by_user';

interface Summary {
  clients: ({ client: string; timezone: string; totals: Totals; artifacts: Artifact[] } & Record<
    Part,
    Record<string, Totals>
  >)[];
  texts: {
    received: number;
    answered: number;
    delivered: number;
    cost: string;
    parts_of_unknown_cost: number;
    artifacts: Artifact[];
  };
  timings_ms: Record<string, number>;
}

const folder = makeTestFolder();
const home = join(folder.path, 'home');
let first: Finished;
let summary: Summary;

beforeAll(async () => {
  first = await runDaybook(['demo'], { DAYBOOK_HOME: home });
  expect(first.stderr).toBe('');
  expect(first.code).toBe(0);
  summary = readSummary();
}, 120_000);

afterAll(() => folder.remove());

describe('every total equals the one another tool computed, to 1e-12', () => {
  const cases: [string, string, () => [Record<string, Totals>, ExpectedTotals[]]][] = [
    ['demo-utc', 'day', () => [clientOf('demo-utc').by_day, readExpectedCsv('day_utc')]],
    [
      'demo-new-york',
      'day',
      () => [clientOf('demo-new-york').by_day, readExpectedCsv('day_newyork')],
    ],
    [
      'demo-kolkata',
      'day',
      () => [clientOf('demo-kolkata').by_day, readExpectedCsv('day_kolkata')],
    ],
    ['demo-utc', 'ISO week', () => [clientOf('demo-utc').by_week, readExpectedCsv('isoweek_utc')]],
    [
      'demo-utc',
      'month',
      () => [clientOf('demo-utc').by_month, readExpectedTable('By month (UTC)')],
    ],
    ...['demo-utc', 'demo-new-york', 'demo-kolkata'].flatMap((client): typeof cases => [
      [client, 'model', () => [clientOf(client).by_model, readExpectedTable('By model')]],
      [client, 'user', () => [clientOf(client).by_user, readExpectedTable('By user')]],
      [
        client,
        'all calls',
        () => [{ ALL: clientOf(client).totals }, readExpectedTable().slice(0, 1)],
      ],
    ]),
  ];

  test.each(cases)('%s by %s', (_client, _part, load) => {
    const [actual, expected] = load();
    expect(Object.keys(actual).sort()).toEqual(expected.map(({ key }) => key).sort());
    for (const row of expected) expectTotals(actual[row.key], row);
  });

  test('a total that is off by one token or 1e-11 would be seen', () => {
    const [row] = readExpectedCsv('day_utc') as [ExpectedTotals];
    const { key: _key, ...totals } = row;
    const sound = { ...totals, effective_cost: row.cost };
    expectTotals(sound, row);
    expect(() => expectTotals({ ...sound, input_tokens: row.input_tokens + 1 }, row)).toThrow();
    const off = new Decimal(row.cost).plus('1e-11').toString();
    expect(() => expectTotals({ ...sound, cost: off, effective_cost: off }, row)).toThrow();
  });
});

test('ten figures are the same in HTML, PDF text and XLSX cells', async () => {
  const { calls } = expectedOf('isoweek_utc', '2025-W11');
  const formatter = createFormatter('en-US', 'USD');
  const { counts } = await sumBooks('2025-03-10Z', '2025-03-17Z');
  const html = plainText(readFileSync(pathOf('html'), 'utf8'));
  const { text: pdf, pages } = await readPdfText(pathOf('pdf'));
  const figures = await figuresOfWorkbook();
  expect(Object.keys(figures)).toHaveLength(10);
  for (const [name, figure] of Object.entries(figures)) {
    expect(oneSpaced(html), `${name} in HTML`).toContain(oneSpaced(figure));
    expect(oneSpaced(pdf), `${name} in PDF`).toContain(oneSpaced(figure));
  }
  expect(figures.cost).toBe(formatter.money(counts));
  expect(figures.calls).toBe(formatter.integer(calls));
  expect(pages).toBeGreaterThan(1);
});

test('the same check notices a figure that stands in one format only', async () => {
  const { text: pdf } = await readPdfText(pathOf('pdf'));
  expect(pdf).not.toContain('$14.93');
});

describe('the report’s cost is what counts, its reported cost what another tool says', () => {
  test.each([
    ['2025-03-18', 'day_utc', '2025-03-18Z', '2025-03-19Z'],
    ['2025-W11', 'isoweek_utc', '2025-03-10Z', '2025-03-17Z'],
  ])('of %s', async (period, expected, from, until) => {
    const books = await sumBooks(from, until);
    const report = await costsOfWorkbook(pathOf('xlsx', period));
    expectClose(report.counts, books.counts);
    expectClose(report.reported, expectedOf(expected, period).cost);
  });

  // Here one call was not reported, and the price book knows what it cost.
  test('of a day on which the two differ', async () => {
    const args = ['report', 'executive', '--client', 'demo-utc', '--period', '2025-01-29'];
    const made = await runDaybook([...args, '--format', 'xlsx'], { DAYBOOK_HOME: home });
    const path = made.stdout.split('\n').find((line) => line.endsWith('.xlsx')) ?? 'missing';
    const books = await sumBooks('2025-01-29Z', '2025-01-30Z');
    expect(new Decimal(books.counts).gt(books.reported)).toBe(true);
    const report = await costsOfWorkbook(resolve(PROJECT_DIR, path));
    expectClose(report.counts, books.counts);
    expectClose(report.reported, expectedOf('day_utc', '2025-01-29').cost);
  });
});

test('every client has three reports in three formats, archived where the summary says', () => {
  for (const { artifacts } of summary.clients) {
    expect(artifacts).toHaveLength(9);
    for (const { path, bytes } of artifacts)
      expect(statSync(join(PROJECT_DIR, path)).size).toBe(bytes);
  }
  expect(readdirSync(join(home, 'outbox'))).toHaveLength(12);
});

test('200 texts are answered, delivered and priced, and stand in the reports', () => {
  const { artifacts, ...totals } = summary.texts;
  expect(totals).toMatchObject({ received: 200, answered: 200, parts_of_unknown_cost: 0 });
  // Each person gets a welcome once.
  expect(totals.delivered).toBeGreaterThan(200);
  const week = artifacts.find(({ period, format }) => period === '2025-W12' && format === 'html');
  const html = readFileSync(resolve(PROJECT_DIR, week?.path ?? 'missing'), 'utf8');
  expect(plainText(html)).toContain('200 of 200 texts got an answer');
  expect(plainText(html)).toContain(createFormatter('en-US', 'USD').money(totals.cost));
});

test('run again, the demo adds nothing and archives nothing new', async () => {
  const before = allFiles();
  const again = await runDaybook(['demo'], { DAYBOOK_HOME: home });
  expect(again.code).toBe(0);
  expect(again.stdout).toContain('0 accepted, 3750 there already');
  expect(again.stdout).toContain('0 new, 12 unchanged');
  expect(readSummary().clients).toEqual(summary.clients);
  expect(allFiles()).toEqual(before);
}, 120_000);

function clientOf(id: string): Summary['clients'][number] {
  const found = summary.clients.find(({ client }) => client === id);
  if (found === undefined) throw new Error(`the summary has no client ${id}`);
  return found;
}

function expectTotals(actual: Totals | undefined, { key, cost, ...counts }: ExpectedTotals): void {
  const {
    cost: actualCost = 'missing',
    effective_cost: effective,
    ...actualCounts
  } = {
    ...actual,
  };
  expect(actualCounts, key).toEqual(counts);
  // What counts is what was reported, and the price of calls that reported none.
  expect(new Decimal(effective ?? 'NaN').gte(actualCost), key).toBe(true);
  expectClose(actualCost, cost, key);
}

function expectClose(actual: string, expected: string, key = ''): void {
  const difference = new Decimal(actual).minus(expected).abs();
  expect(difference.lte('1e-12'), `${key}: ${actual} instead of ${expected}`).toBe(true);
}

function readSummary(): Summary {
  return JSON.parse(readFileSync(join(home, 'demo', 'summary.json'), 'utf8'));
}

function pathOf(format: string, period = '2025-W11'): string {
  const artifact = clientOf('demo-utc').artifacts.find(
    (candidate) => candidate.period === period && candidate.format === format,
  );
  return join(PROJECT_DIR, artifact?.path ?? 'missing');
}

/** What another tool says of a period. */
function expectedOf(table: string, period: string): { cost: string; calls: string } {
  const row = readExpectedCsv(table).find(({ key }) => key === period) as ExpectedTotals;
  return { cost: row.cost, calls: String(row.requests) };
}

/** What Postgres' own arithmetic says of the booked calls, without any code of ours. */
async function sumBooks(
  from: string,
  until: string,
): Promise<{ reported: string; counts: string }> {
  const server = await acquireEmbeddedPostgres(join(home, 'postgres'));
  const pool = createPool({ url: server.url, applicationName: 'test', log: silentLog(), max: 1 });
  const sql = `
    select sum(reported_cost)::text as reported,
      (
        sum(reported_cost) filter (where reported_cost > 0)
        + coalesce(sum(computed_cost) filter (where coalesce(reported_cost, 0) = 0), 0)
      )::text as counts
    from usage_events
    where client_id = 'demo-utc' and occurred_at >= $1 and occurred_at < $2`;
  try {
    const [sums] = await query<{ reported: string; counts: string }>(pool, sql, [from, until]);
    return sums ?? { reported: 'missing', counts: 'missing' };
  } finally {
    await pool.end();
    await server.release();
  }
}

/** The exact cost among the key figures, and the reported one of all calls on the sheet of costs. */
async function costsOfWorkbook(path: string): Promise<{ reported: string; counts: string }> {
  const keyFigures = await readSheet(path, 'Key figures');
  const costs = await readSheet(path, 'Costs');
  const exact = keyFigures[0]?.indexOf('Exact value (text)') ?? -1;
  const reported = costs[0]?.indexOf('Reported (USD)') ?? -1;
  return {
    counts: String(keyFigures.find(([label]) => label === 'Cost')?.[exact]),
    reported: String(costs.find(([id]) => id === 'all')?.[reported]),
  };
}

/** Six key figures, three models' costs and a day's tokens, from the cells' numbers alone. */
async function figuresOfWorkbook(): Promise<Record<string, string>> {
  const formatter = createFormatter('en-US', 'USD');
  const keyFigures = await readSheet(pathOf('xlsx'), 'Key figures');
  const models = await readSheet(pathOf('xlsx'), 'Models');
  const write = (format: Parameters<typeof formatter.figure>[0], cell: unknown) => {
    expect(typeof cell).toBe('number');
    return formatter.figure(format, String(cell)).text;
  };
  const key = (label: string) => keyFigures.find((row) => row[0] === label)?.[2];
  const costOf = (row: number) => models[row]?.[models[0]?.indexOf('Cost (USD)') ?? -1];
  return {
    cost: write('money', key('Cost')),
    calls: write('integer', key('Calls')),
    paidCalls: write('integer', key('Paid calls')),
    costPerPaidCall: write('unit-price', key('Cost per paid call')),
    tokensPerCall: write('integer', key('Tokens per call')),
    callsPriced: write('percent', key('Calls priced')),
    costOfFirstModel: write('money', costOf(1)),
    costOfSecondModel: write('money', costOf(2)),
    costOfThirdModel: write('money', costOf(3)),
    tokensOfFirstModel: write('integer', models[1]?.[models[0]?.indexOf('Tokens') ?? -1]),
  };
}

/** A PDF has runs, not words: which kind of space parts them is not kept. */
function oneSpaced(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

function plainText(html: string): string {
  return html.replace(/<style>[\s\S]*?<\/style>/, '').replace(/<[^>]+>/g, ' ');
}

function allFiles(): string[] {
  return ['archive', 'outbox'].flatMap((part) =>
    readdirSync(join(home, part), { recursive: true }).map((file) => `${part}/${file}`),
  );
}
