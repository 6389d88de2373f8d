// The warehouse reaches nothing but its own file and folder, returns exact plain values, and
// belongs to one holder at a time.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { tablesRead } from './tables-read.ts';
import { openWarehouse, withWarehouse } from './warehouse.ts';

let held: TestWarehouse;
beforeEach(async () => {
  held = await createTestWarehouse();
});
afterEach(() => held.remove());

const folder = () => join(held.paths.staging, '..');

/** A DuckDB as it comes, to show that what we refuse would work. */
async function runUnlocked(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    return (await (await connection.run(sql)).getRows()) as unknown[][];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe('a statement cannot', () => {
  const READS: [string, () => string][] = [
    ['read a file of the system', () => `select * from read_text('/etc/passwd')`],
    ['read a file as CSV', () => `select * from read_csv('/etc/passwd', header = false)`],
    ['list a folder', () => `select * from glob('/etc/*')`],
    [
      'leave the staging folder by its parent',
      () => `select * from read_text('${held.paths.staging}/../../../etc/passwd')`,
    ],
    [
      'follow a link out of the staging folder',
      () => `select * from read_text('${linkToPasswords()}')`,
    ],
    ['write a file', () => `copy (select 1) to '${folder()}/out.csv'`],
    ['attach another database', () => `attach '${folder()}/other.duckdb' as other`],
    ['export the database', () => `export database '${folder()}/dump'`],
    ['change a setting', () => `set memory_limit = '1GB'`],
    ['change the time zone', () => `set TimeZone = 'Asia/Kolkata'`],
  ];

  test.each(READS)('%s, which an unlocked DuckDB can', async (_name, sql) => {
    const statement = sql();
    await expect(held.warehouse.rows(statement)).rejects.toMatchObject({ code: 'ERR_SQL' });
    await expect(held.warehouse.rows(statement)).rejects.toThrow(
      /permission|disabled|locked|configuration/i,
    );
    await expect(runUnlocked(statement)).resolves.toBeDefined();
  });

  test.each([
    ['install an extension', 'install httpfs', /disabled/],
    ['load an extension', 'load httpfs', /disabled/],
    ['reach the network', `select * from read_csv('http://127.0.0.1:9/x.csv')`, /./],
    ['keep a secret', `create secret s (type s3, key_id 'a', secret 'b')`, /./],
    ['open external access again', 'set enable_external_access = true', /cannot/i],
    ['run two statements at once', 'select 1; select 2', /./],
  ])('%s', async (_name, sql, reason) => {
    await expect(held.warehouse.rows(sql)).rejects.toThrow(reason);
  });

  function linkToPasswords(): string {
    const link = join(held.paths.staging, 'link.txt');
    if (!existsSync(link)) symlinkSync('/etc/passwd', link);
    return link;
  }
});

test('a file in the staging folder can be read', async () => {
  const file = join(held.paths.staging, 'rows.csv');
  writeFileSync(file, 'name\nAda\n');
  const rows = await held.warehouse.rows('select * from read_csv($file::varchar)', { file });
  expect(rows).toEqual([{ name: 'Ada' }]);
});

describe('values', () => {
  test.each([
    ['a decimal', '0.100000000000000001::decimal(38, 18)', '0.100000000000000001'],
    ['a decimal without its trailing zeros', '1.500::decimal(38, 18)', '1.5'],
    ['a negative decimal', '-0.000000000000000001::decimal(38, 18)', '-0.000000000000000001'],
    ['a sum of whole numbers', 'sum(9223372036854775807::bigint) + 1', '9223372036854775808'],
    ['a small whole number', '7::smallint', 7],
    ['a date', `date '2024-02-29'`, '2024-02-29'],
    ['an instant', `timestamptz '2025-03-18 12:00:00+05:30'`, '2025-03-18T06:30:00.000Z'],
    [
      'an instant with microseconds',
      `timestamptz '2025-03-18 06:30:00.000001+00'`,
      '2025-03-18T06:30:00.000001Z',
    ],
    [
      'an instant before 1970',
      `timestamptz '1969-12-31 23:59:59.999999+00'`,
      '1969-12-31T23:59:59.999999Z',
    ],
    ['nothing', 'null', null],
    ['a truth', 'true', true],
    ['a text', `'it''s'`, "it's"],
  ])('%s becomes plain', async (_name, expression, plain) => {
    expect(await held.warehouse.rows(`select ${expression} as value`)).toEqual([{ value: plain }]);
  });

  test.each([
    ['avg(1.1::decimal(38, 18))', /column "value" is a float/],
    ['1::decimal(38, 18) / 3', /column "value" is a float/],
    ['0.1::float', /column "value" is a float/],
    [`timestamp '2025-03-18'`, /not mapped/],
    ['[1, 2]', /not mapped/],
  ])('%s is refused, for no figure may become a float or a guess', async (expression, reason) => {
    const rows = held.warehouse.rows(`select ${expression} as value`);
    await expect(rows).rejects.toThrow(reason);
  });

  test('a parameter is a value and never a part of the statement', async () => {
    const hostile = `'; drop table raw.x; --`;
    const rows = await held.warehouse.rows(
      'select $text::varchar as text, $none::varchar as none',
      {
        text: hostile,
        none: null,
      },
    );
    expect(rows).toEqual([{ text: hostile, none: null }]);
    await expect(held.warehouse.rows('select $missing::varchar')).rejects.toThrow(
      /needs a value for \$missing/,
    );
  });
});

test('a transaction that throws leaves nothing behind and throws its own error', async () => {
  await held.warehouse.run('create table raw.t (id integer)');
  const work = held.warehouse.transaction(async () => {
    await held.warehouse.run('insert into raw.t values (1)');
    throw new Error('the first error');
  });
  await expect(work).rejects.toThrow('the first error');
  expect(await held.warehouse.rows('select * from raw.t')).toEqual([]);
});

test('the first error is told even when DuckDB has ended the transaction already', async () => {
  const work = held.warehouse.transaction(async () => {
    await held.warehouse.run('rollback');
    throw new Error('the first error');
  });
  await expect(work).rejects.toThrow('the first error');
});

test('the tables that a select reads are found in every place where one can stand', async () => {
  const sql = `with own as (select * from raw.a)
    select (select max(x) from marts.b) from own
    join staging.c using (x)
    where x in (select x from rollups.d) and exists (from raw.e)
    union all (select * from raw.f except select * from raw.a)`;
  expect(await tablesRead(held.warehouse, sql)).toEqual([
    'marts.b',
    'raw.a',
    'raw.e',
    'raw.f',
    'rollups.d',
    'staging.c',
  ]);
});

describe('the file has one holder', () => {
  test('this process cannot open it twice', async () => {
    const second = openWarehouse(held.paths, { busyWaitMs: 0 });
    await expect(second).rejects.toMatchObject({ code: 'ERR_WAREHOUSE_BUSY' });
    // Control: DuckDB itself lets the same process in, to the ruin of the file.
    const instance = await DuckDBInstance.create(held.paths.warehouse);
    instance.closeSync();
  });

  test('who waits gets it as soon as the first has closed it', async () => {
    const waiting = withWarehouse(held.paths, (warehouse) => warehouse.rows('select 1 as one'));
    held.warehouse.close();
    expect(await waiting).toEqual([{ one: 1 }]);
    held.warehouse = await openWarehouse(held.paths);
  });

  test('another process is waited for, and named when it does not leave', async () => {
    held.warehouse.close();
    const holder = await holdElsewhere(held.paths.warehouse);
    try {
      const error = await openWarehouse(held.paths, { busyWaitMs: 300 }).catch(
        (thrown: unknown) => thrown,
      );
      expect(isAppError(error, 'ERR_WAREHOUSE_BUSY')).toBe(true);
      expect((error as Error).cause).toMatchObject({
        message: expect.stringContaining(`PID ${holder.pid}`),
      });
      const waiting = openWarehouse(held.paths);
      holder.kill();
      held.warehouse = await waiting;
      expect(await held.warehouse.rows('select 1 as one')).toEqual([{ one: 1 }]);
    } finally {
      holder.kill();
    }
  });

  test.each([
    ['damaged', (path: string) => flipBytes(path, 4_096, 12_288)],
    ['no database at all', (path: string) => writeFileSync(path, 'not a database '.repeat(1_000))],
  ])('a file that is %s is told at once from one that is held', async (_name, ruin) => {
    held.warehouse.close();
    ruin(held.paths.warehouse);
    await expect(openWarehouse(held.paths)).rejects.toMatchObject({
      code: 'ERR_SQL',
      fix: expect.stringContaining('delete the file'),
    });
    writeFileSync(held.paths.warehouse, '');
  });
});

test('rebuilding the same tables again and again does not make the file grow', async () => {
  const rebuild = async () => {
    held.warehouse.close();
    held.warehouse = await openWarehouse(held.paths);
    await held.warehouse.transaction(() =>
      held.warehouse.run(
        'create or replace table marts.t as select range, hash(range) from range(50000)',
      ),
    );
    return statSync(held.paths.warehouse).size;
  };
  for (let count = 0; count < 3; count += 1) await rebuild();
  const before = await rebuild();
  for (let count = 0; count < 5; count += 1) await rebuild();
  expect(await rebuild()).toBeLessThan(before * 1.5);
});

function flipBytes(path: string, from: number, to: number): void {
  const bytes = readFileSync(path);
  for (let index = from; index < Math.min(to, bytes.length); index += 1)
    bytes[index] = ~(bytes[index] ?? 0);
  writeFileSync(path, bytes);
}

/** Another process that opens the file and says so. */
async function holdElsewhere(path: string) {
  const duckdb = import.meta.resolve('@duckdb/node-api');
  const code = `import { DuckDBInstance } from ${JSON.stringify(duckdb)};
    globalThis.held = await DuckDBInstance.create(${JSON.stringify(path)});
    console.log('held'); setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}
