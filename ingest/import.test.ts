// Rules of importing a file: NDJSON and CSV are the same events through the same code, a file can
// be run again, and what is wrong is told by line.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  makeTestFolder,
  type TestBooks,
} from '../core/test-support.ts';
import { type ImportCounts, importFile, type LineProblem, readItems } from './import.ts';
import { createUsageStore, type StoreUsage } from './store/usage-events.ts';
import { parseNativeRequest } from './usage/native-request.ts';

const HEAD = 'id,occurred_at,provider,model,cost';
const row = (id: string, cost = '1') => `${id},2025-03-18T09:30:00Z,p,m,${cost}`;
const line = (id: string, fields: Record<string, unknown> = { cost: '1' }) =>
  JSON.stringify({ id, occurred_at: '2025-03-18T09:30:00Z', provider: 'p', model: 'm', ...fields });

let books: TestBooks;
let folder: ReturnType<typeof makeTestFolder>;
let storeUsage: StoreUsage;
let clientId: string;
let clients = 0;

beforeAll(async () => {
  books = await createTestBooks();
  folder = makeTestFolder();
  storeUsage = createUsageStore(books.app);
});

beforeEach(async () => {
  clients += 1;
  clientId = `client-${clients}`;
  await addTestClient(books.app, { clientId });
});

afterAll(async () => {
  folder.remove();
  await books.close();
});

function write(name: string, content: string | Buffer): string {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
}

async function load(
  name: string,
  content: string | Buffer,
): Promise<ImportCounts & { problems: LineProblem[] }> {
  const problems: LineProblem[] = [];
  const path = write(name, content);
  const onBatch = (_counts: ImportCounts, found: LineProblem[]) => void problems.push(...found);
  const counts = await importFile({ path, clientId, storeUsage, onBatch });
  return { ...counts, problems };
}

async function bookedIds(): Promise<unknown[]> {
  const sql = 'select event_id from usage_events where client_id = $1 order by event_id';
  return (await query(books.owner, sql, [clientId])).map(({ event_id }) => event_id);
}

describe.each([
  ['NDJSON', 'file.ndjson', (ids: string[]) => ids.map((id) => line(id)).join('\n')],
  ['CSV', 'file.CSV', (ids: string[]) => [HEAD, ...ids.map((id) => row(id))].join('\n')],
])('a file of %s', (_format, name, contentOf) => {
  test('can be run again without adding a row', async () => {
    expect(await load(name, contentOf(['a', 'b']))).toMatchObject({ accepted: 2, duplicate: 0 });
    expect(await load(name, contentOf(['a', 'b', 'c']))).toMatchObject({
      accepted: 1,
      duplicate: 2,
    });
    expect(await bookedIds()).toEqual(['a', 'b', 'c']);
  });

  test('is read with a byte order mark, Windows line ends and empty lines', async () => {
    const content = `\ufeff${contentOf(['a', 'b']).replaceAll('\n', '\r\n\r\n')}`;
    expect(await load(name, content)).toMatchObject({ accepted: 2, rejected: 0 });
    expect(await load(name, `${content}\r\n`)).toMatchObject({ duplicate: 2, rejected: 0 });
  });

  test('is stored batch by batch, with the lines of later batches counted on', async () => {
    const ids = Array.from({ length: 2_100 }, (_, index) => `id-${index}`);
    ids[2_050] = 'x'.repeat(201);
    const result = await load(name, contentOf(ids));
    const lineOf = 2_051 + (name.endsWith('CSV') ? 1 : 0);
    expect(result).toMatchObject({ accepted: 2_099, rejected: 1 });
    expect(result.problems).toEqual([
      { line: lineOf, id: null, problem: 'id must be at most 200 characters' },
    ]);
  });

  test('that is not UTF-8 is refused instead of being stored with other letters', async () => {
    const latin = Buffer.from(contentOf(['caf\xe9']), 'latin1');
    await expect(load(name, latin)).rejects.toMatchObject({ code: 'ERR_INPUT' });
    expect(await bookedIds()).toEqual([]);
    // Control: the same letters in UTF-8 are stored.
    expect(await load(name, contentOf(['caf\xe9']))).toMatchObject({ accepted: 1 });
  });

  test('that is not there is an error that names it', async () => {
    const path = join(folder.path, 'none', name);
    await expect(importFile({ path, clientId, storeUsage })).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: `there is no file ${path}`,
    });
  });

  test('that is a folder is an error that says so', async () => {
    const loading = importFile({ path: folder.path, clientId, storeUsage });
    await expect(loading).rejects.toThrow(/is no file/);
  });

  test('that is empty adds nothing, but a CSV file lacks its head then', async () => {
    const loading = load(name, '');
    if (/csv$/i.test(name)) await expect(loading).rejects.toThrow(/is empty/);
    else expect(await loading).toMatchObject({ accepted: 0, rejected: 0 });
  });
});

test('the same events from CSV, NDJSON and HTTP are the same events', async () => {
  const head = `${HEAD},currency,user_id,input_tokens,output_tokens,latency_ms,status,metadata`;
  const cells = ['1.50', 'USD', '007', '10', '0', '12.3456789012345678901', 'success'];
  const metadata = '"{""n"":[1.10,9007199254740993],\n""t"":""a,b""}"';
  const csv = `${head}\n${[row('a', cells[0]), ...cells.slice(1), metadata].join(',')}\n`;
  const json = `{"cost":"1.50","currency":"USD","user_id":"007","input_tokens":10,"output_tokens":0,
    "latency_ms":12.3456789012345678901,"status":"success",
    "metadata":{"t":"a,b","n":[1.1,9007199254740993]},
    "id":"a","occurred_at":"2025-03-18T09:30:00Z","provider":"p","model":"m"}`.replaceAll(
    '\n',
    ' ',
  );
  expect(await load('one.csv', csv)).toMatchObject({ accepted: 1, rejected: 0 });
  expect(await load('one.ndjson', json)).toMatchObject({ duplicate: 1 });
  const { items } = parseNativeRequest(json, 'application/json');
  expect(await storeUsage(clientId, items)).toEqual([{ index: 0, id: 'a', result: 'duplicate' }]);
  // Control: the comparison sees one digit.
  expect(await load('one.ndjson', json.replace('740993', '740992'))).toMatchObject({ conflict: 1 });
  const sql = 'select metadata::text, reported_cost_text from usage_events where client_id = $1';
  expect(await query(books.owner, sql, [clientId])).toEqual([
    { metadata: '{"n": [1.1, 9007199254740993], "t": "a,b"}', reported_cost_text: '1.50' },
  ]);
});

describe('CSV', () => {
  test('takes an empty cell for a field that is absent', async () => {
    await load('empty.csv', `${HEAD},user_id,metadata\n${row('a')},,\n`);
    expect(await load('empty.ndjson', line('a'))).toMatchObject({ duplicate: 1 });
  });

  test('takes columns in any order, spaces around their names, quoted line ends', async () => {
    const head = ' model , id ,provider, occurred_at ,cost';
    const result = await load('any.csv', `${head}\n"m,\n""n""",a,p,2025-03-18T09:30:00Z,1\n`);
    expect(result).toMatchObject({ accepted: 1 });
    const sql = 'select model from usage_events where client_id = $1';
    expect(await query(books.owner, sql, [clientId])).toEqual([{ model: 'm,\n"n"' }]);
  });

  test.each([
    ['an unknown column', `${HEAD},colour`, 'unknown column "colour"'],
    ['a missing column', 'id,occurred_at,model,cost', 'missing column "provider"'],
    ['a repeated column', `${HEAD},cost`, 'repeated column "cost"'],
    ['all of it', 'id,id,colour', 'unknown column "colour", missing column "occurred_at"'],
  ])('with %s is refused before anything is stored', async (_what, head, problem) => {
    const attempt = load('head.csv', `${head}\n${row('a')},1\n`);
    await expect(attempt).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: expect.stringContaining(problem),
      fix: expect.stringContaining('occurred_at'),
    });
    expect(await bookedIds()).toEqual([]);
  });

  test('refuses a row with too many or few cells by its line, and stores the others', async () => {
    const content = [HEAD, row('a'), 'b,2025-03-18T09:30:00Z', `${row('c')},more`, row('d')].join(
      '\n',
    );
    const result = await load('cells.csv', content);
    expect(result).toMatchObject({ accepted: 2, rejected: 2 });
    expect(result.problems.map(({ line: at }) => at)).toEqual([3, 4]);
    expect(result.problems[0]?.problem).toMatch(/cells/);
    expect(await bookedIds()).toEqual(['a', 'd']);
  });

  test('that ends inside quotes is an error', async () => {
    const attempt = load('quotes.csv', `${HEAD}\n"a,2025-03-18T09:30:00Z,p,m,1\n`);
    await expect(attempt).rejects.toMatchObject({
      code: 'ERR_INPUT',
      fix: expect.stringContaining('CSV'),
    });
  });
});

describe('what is wrong', () => {
  test('is told with line, id and reason, and does not stop the others', async () => {
    await load('first.ndjson', line('known'));
    const content = [
      line('a'),
      '{"id":',
      '',
      line('b', { cost: -1 }),
      line('known', { cost: '2' }),
      line('c'),
    ];
    const result = await load('second.ndjson', content.join('\n'));
    expect(result).toMatchObject({ accepted: 2, duplicate: 0, conflict: 1, rejected: 2 });
    expect(result.problems).toEqual([
      { line: 2, id: null, problem: 'is not valid JSON' },
      { line: 4, id: 'b', problem: 'cost must not be negative' },
      { line: 5, id: 'known', problem: 'this id was booked before with another content' },
    ]);
  });

  test('in CSV is told with the line on which the record ends', async () => {
    const content = [HEAD, row('a'), '"b\nb",2025-03-18T09:30:00Z,p,m,1', row('c', '-1')].join(
      '\n',
    );
    expect((await load('lines.csv', content)).problems).toEqual([
      { line: 5, id: 'c', problem: 'cost must not be negative' },
    ]);
  });

  test('is never a line end inside a JSON text: U+2028 is none', async () => {
    expect(await load('separator.ndjson', line('a', { model: 'x\u2028y', cost: 1 }))).toMatchObject(
      {
        accepted: 1,
        rejected: 0,
      },
    );
  });

  test('includes a line without end, which is not read into memory for ever', async () => {
    const endless = Buffer.alloc(6 * 1024 * 1024, 'x');
    await expect(load('endless.ndjson', endless)).rejects.toMatchObject({ code: 'ERR_INPUT' });
  });
});

test('a reader that stops early leaves no error behind', async () => {
  for (const name of ['many.ndjson', 'many.csv']) {
    const lines = Array.from({ length: 20_000 }, (_, index) =>
      name.endsWith('csv') ? row(`id-${index}`) : line(`id-${index}`),
    );
    const path = write(name, [...(name.endsWith('csv') ? [HEAD] : []), ...lines].join('\n'));
    for await (const { item } of readItems(path)) {
      expect(item).toHaveProperty('event.eventId', 'id-0');
      break;
    }
  }
});
