// A damaged warehouse is set aside and made anew from the books, by itself and with a notice.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  addTestClient,
  createTestBooks,
  makeTestFolder,
  rememberingLog,
  type TestBooks,
} from '../core/test-support.ts';
import { bookEvents } from '../test/booked-events.ts';
import { withCleanWarehouse } from './clean-warehouse.ts';
import { refreshWarehouse } from './refresh.ts';

const folder = makeTestFolder();
let books: TestBooks;
let logged: ReturnType<typeof rememberingLog>;
let paths: { warehouse: string; staging: string };
let homes = 0;

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
  await bookEvents(books.app, 'acme', [{ id: 'a', at: '2025-03-01T10:00:00Z', cost: '1.5' }]);
});
afterAll(async () => {
  await books.close();
  folder.remove();
});
beforeEach(() => {
  homes += 1;
  const home = join(folder.path, String(homes));
  paths = { warehouse: join(home, 'warehouse.duckdb'), staging: join(home, 'staging') };
  logged = rememberingLog();
});

/** Refreshes and reads the cost that the warehouse knows. */
function costNow(): Promise<unknown> {
  const { log } = logged;
  return withCleanWarehouse({ pool: books.pipeline, paths, log }, async (warehouse) => {
    await refreshWarehouse({ pool: books.pipeline, warehouse, log });
    const sql = `select sum(effective_cost) as cost from rollups.usage_by_period
      where period_kind = 'day'`;
    return (await warehouse.rows(sql))[0]?.cost;
  });
}

test.each([
  ['overwritten', () => writeFileSync(paths.warehouse, 'not a database '.repeat(1_000))],
  ['damaged in its head', () => flip(4_096, 12_288)],
  [
    'cut short',
    () => writeFileSync(paths.warehouse, readFileSync(paths.warehouse).subarray(0, 5_000)),
  ],
])('a file that is %s is kept aside, and the figures are there again', async (_how, damage) => {
  expect(await costNow()).toBe('1.5');
  damage();
  expect(await costNow()).toBe('1.5');
  expect(existsSync(`${paths.warehouse}.damaged`)).toBe(true);
  expect(logged.lines.filter(({ event }) => event === 'warehouse.damaged')).toHaveLength(1);
});

test('damage that a statement meets sets the file aside for the next run', async () => {
  await costNow();
  const met = withCleanWarehouse({ pool: books.pipeline, paths, log: logged.log }, async () =>
    Promise.reject(new Error('Corrupt database file: computed checksum differs')),
  );
  await expect(met).rejects.toThrow('checksum');
  expect(existsSync(paths.warehouse)).toBe(false);
  expect(await costNow()).toBe('1.5');
});

test('control: another error leaves the file where it is', async () => {
  await costNow();
  const before = readFileSync(paths.warehouse);
  const met = withCleanWarehouse({ pool: books.pipeline, paths, log: logged.log }, async () =>
    Promise.reject(new Error('no space left on device')),
  );
  await expect(met).rejects.toThrow('no space');
  expect(readFileSync(paths.warehouse).equals(before)).toBe(true);
  expect(existsSync(`${paths.warehouse}.damaged`)).toBe(false);
});

function flip(from: number, to: number): void {
  const bytes = readFileSync(paths.warehouse);
  for (let index = from; index < Math.min(to, bytes.length); index += 1)
    bytes[index] = ~(bytes[index] ?? 0);
  writeFileSync(paths.warehouse, bytes);
}
