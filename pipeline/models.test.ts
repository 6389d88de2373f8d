// The models are built in the order in which they read each other, each layer reads only those
// below it, and every statement keeps the house style.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listSql, loadSql, SQL_DIR } from '../core/sql.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { inBuildOrder, loadModels, type Model } from './models.ts';
import { tablesRead } from './tables-read.ts';

let held: TestWarehouse;
beforeAll(async () => {
  held = await createTestWarehouse();
});
afterAll(() => held.remove());

const FOLDERS = readdirSync(join(SQL_DIR, 'duckdb')).sort();
const FILES = FOLDERS.flatMap((folder) => listSql(`duckdb/${folder}`));

describe('the build order', () => {
  const model = (table: string, ...reads: string[]): Model => ({
    table,
    reads,
    sql: '',
    lands: 'by period',
  });
  const order = (...models: Model[]) => inBuildOrder(models).map(({ table }) => table);

  test('puts each model after those it reads, however they are listed', () => {
    const models = [
      model('rollups.a', 'marts.b', 'rollups.z'),
      model('rollups.z', 'marts.b'),
      model('marts.b', 'staging.c'),
      model('staging.c', 'raw.d'),
    ];
    expect(order(...models)).toEqual(['staging.c', 'marts.b', 'rollups.z', 'rollups.a']);
    expect(order(...models.toReversed())).toEqual([
      'staging.c',
      'marts.b',
      'rollups.z',
      'rollups.a',
    ]);
  });

  test('refuses models that read each other, and names them', () => {
    const circle = [model('marts.a', 'marts.b'), model('marts.b', 'marts.a'), model('marts.c')];
    expect(() => inBuildOrder(circle)).toThrow(/read each other: marts\.a, marts\.b$/);
  });

  test('refuses a model that reads itself', () => {
    expect(() => inBuildOrder([model('marts.a', 'marts.a')])).toThrow(/marts\.a/);
  });

  test('of the real models has every file of the three layers once, views first', async () => {
    const models = await loadModels(held.warehouse);
    const files = ['staging', 'marts', 'rollups'].flatMap((folder) => listSql(`duckdb/${folder}`));
    expect(models.map(({ table }) => table).sort()).toEqual(
      files.map((name) => name.split('/').slice(1).join('.')).sort(),
    );
    models.forEach(({ table, reads }, index) => {
      const earlier = new Set(models.slice(0, index).map((one) => one.table));
      // Raw tables and the calendar are there before the first model.
      for (const read of reads.filter((one) => !/^(raw|calendar)\./.test(one))) {
        expect(earlier, `${table} reads ${read}`).toContain(read);
      }
    });
  });
});

describe('how a model lands', () => {
  const models = () => loadModels(held.warehouse);

  test('is as a view below the rollups, and as a table there, or as its file says', async () => {
    const others = (await models()).filter(({ table, lands }) => {
      return lands !== (table.startsWith('rollups.') ? 'by period' : 'view');
    });
    expect(others.map(({ table, lands }) => `${table} ${lands}`).sort()).toEqual([
      'marts.task_costs by day',
      'rollups.active_by_period view',
      'rollups.latencies_by_period month by month',
      'rollups.totals_by_period view',
      'rollups.users_to_date view',
      'rollups.waits_by_period month by month',
    ]);
  });

  test('a table is built from nothing but the days that are asked', async () => {
    for (const { table, lands, reads } of await models()) {
      const asked = lands === 'view' ? [] : [lands === 'by day' ? 'touched_days' : 'asked_days'];
      const found = reads.filter((one) => /^calendar\.(touched|asked)_days$/.test(one));
      expect(found, table).toEqual(asked.map((name) => `calendar.${name}`));
    }
  });
});

describe('each layer reads only those below it', () => {
  const MAY_READ: Record<string, RegExp> = {
    calendar: /^(raw|calendar)\./,
    staging: /^raw\./,
    marts: /^(staging|marts)\.|^calendar\.(touched_days|client_days)$/,
    rollups: /^(staging|marts|rollups)\.|^calendar\.(asked|client|hourly)_days$/,
    reports: /^(marts|rollups)\./,
    assertions: /^(staging|marts|rollups|calendar)\./,
    checks: /^raw\.|^calendar\.compared_days$/,
  };
  // What is settled when a period closes is a figure of the rollups.
  const ABOVE: Record<string, string[]> = {
    'duckdb/calendar/closed_periods': ['rollups.totals_by_period'],
  };
  // It asks DuckDB's own zone data of days that it is given.
  const READS_NOTHING = 'duckdb/calendar/wrong_days';
  const CREATES = /^(\s*--[^\n]*\n)*\s*create table /;
  const INSERTS = /^(\s*--[^\n]*\n)*\s*insert into \S+ by name/;
  const selects = FILES.filter((name) => !CREATES.test(loadSql(name)));

  test('a statement that only creates a table is one of raw rows, or of changed days', () => {
    const others = FILES.filter((name) => CREATES.test(loadSql(name)));
    expect(others.filter((name) => !name.startsWith('duckdb/raw/'))).toEqual([
      'duckdb/calendar/changed_days',
    ]);
  });

  test.each(selects)('%s', async (name) => {
    const layer = MAY_READ[name.split('/')[1] ?? ''];
    const allowed = { test: (table: string) => ABOVE[name]?.includes(table) || layer?.test(table) };
    const read = await tablesRead(held.warehouse, loadSql(name).replace(INSERTS, ''));
    expect(read.length > 0).toBe(name !== READS_NOTHING);
    expect(read.filter((table) => !allowed.test(table))).toEqual([]);
  });

  test('control: a mart that reads a raw table is seen, even deep in subqueries', async () => {
    const sql = 'select * from staging.a where x in (select x from (select x from raw.b) as c)';
    const read = await tablesRead(held.warehouse, sql);
    expect(read.filter((table) => !MAY_READ.marts?.test(table))).toEqual(['raw.b']);
  });
});

describe('house style', () => {
  const PROBLEMS: [string, (text: string) => boolean][] = [
    [
      'begins with a comment that says what a row is for',
      (text) => !/^-- [A-Z(][^\n]+\n/.test(text),
    ],
    ['states its grain', (text) => !/^-- grain: \S/m.test(text)],
    ['states its params', (text) => !/^-- params: \S/m.test(text)],
    ['has at most 80 columns', (text) => text.split('\n').some((line) => line.length > 80)],
    ['ends with one line break', (text) => !/[^\n;]\n$/.test(text)],
    [
      'asks for no current time',
      (text) => /\b(now\s*\(|current_\w+|today\s*\(|get_current_\w+)/i.test(text),
    ],
    ['uses no between', (text) => /\bbetween\b/i.test(text)],
    ['has no tabs', (text) => text.includes('\t')],
    ['is in lower case', (text) => /[A-Z]/.test(withoutTexts(withoutComments(text)))],
    ['uses no one-letter alias', (text) => /\bas [a-z]\b/.test(withoutComments(text))],
    ['does not sum or divide floats', (text) => /\bavg\s*\(|::(double|float|real)\b/.test(text)],
    ['names every parameter in its header', (text) => undeclared(text).length > 0],
  ];

  test.each(FILES)('%s', (name) => {
    const text = readFileSync(join(SQL_DIR, `${name}.sql`), 'utf8');
    expect(problemsOf(text)).toEqual([]);
  });

  test.each([
    ['begins with a comment', 'select 1\n-- grain: x\n-- params: none\n'],
    ['its grain', '-- One row.\n-- params: none\nselect 1\n'],
    ['its params', '-- One row.\n-- grain: x\nselect 1\n'],
    ['80 columns', `-- One row.\n-- grain: x\n-- params: none\nselect ${'x'.repeat(80)}\n`],
    ['one line break', '-- One row.\n-- grain: x\n-- params: none\nselect 1;\n'],
    ['current time', '-- One row.\n-- grain: x\n-- params: none\nselect current_date\n'],
    ['current time', '-- One row.\n-- grain: x\n-- params: none\nselect now()\n'],
    ['between', '-- One row.\n-- grain: x\n-- params: none\nselect 1 between 0 and 2\n'],
    ['tabs', '-- One row.\n-- grain: x\n-- params: none\nselect\t1\n'],
    ['lower case', '-- One row.\n-- grain: x\n-- params: none\nSELECT 1\n'],
    ['alias', '-- One row.\n-- grain: x\n-- params: none\nselect 1 as n\n'],
    ['floats', '-- One row.\n-- grain: x\n-- params: none\nselect avg(cost)\n'],
    ['parameter', '-- One row.\n-- grain: x\n-- params: none\nselect $client_id\n'],
  ])('control: a statement that breaks "%s" is seen', (rule, text) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(rule)]);
  });

  function problemsOf(text: string): string[] {
    return PROBLEMS.filter(([, isBroken]) => isBroken(text)).map(([rule]) => rule);
  }

  function undeclared(text: string): string[] {
    const declared = /^-- params: ([^\n]*(?:\n-- (?!grain|why)[^\n]*)*)/m.exec(text)?.[1] ?? '';
    return [...withoutComments(text).matchAll(/\$(\w+)/g)]
      .map(([, name]) => name ?? '')
      .filter((name) => !new RegExp(`\\b${name}\\b`).test(declared));
  }
});

test('an assertion is named after what must hold', () => {
  for (const name of listSql('duckdb/assertions')) expect(name).toMatch(/\/assert_[a-z_]+$/);
});

function withoutTexts(text: string): string {
  return text.replaceAll(/'[^']*'/g, "''");
}

function withoutComments(text: string): string {
  return text.replaceAll(/--[^\n]*/g, '');
}
