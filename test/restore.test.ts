// Books that came from a dump bear transaction numbers that the new server has yet to reach; reports
// are made from them all the same.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { periodContaining } from '../core/calendar.ts';
import { query } from '../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  makeTestFolder,
  silentLog,
  type TestBooks,
} from '../core/test-support.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { withWarehouse } from '../pipeline/warehouse.ts';
import { findReport } from '../reports/catalog.ts';
import { bookEvents } from './booked-events.ts';

const folder = makeTestFolder();
let books: TestBooks;

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
  await bookEvents(books.app, 'acme', [
    { id: 'a', at: '2025-03-18T10:00:00Z', cost: '0.1' },
    { id: 'b', at: '2025-03-18T11:00:00Z', cost: '0.2' },
  ]);
});

afterAll(async () => {
  await books.close();
  folder.remove();
});

test.each([
  ['as they were booked', undefined],
  ['as a dump brings them', `update usage_events set xid = '999999999999'`],
])('a report counts every row, %s', async (_name, sql) => {
  if (sql !== undefined) await query(books.owner, sql);
  const paths = { warehouse: join(folder.path, 'w.duckdb'), staging: join(folder.path, 'staging') };
  const { content } = await withWarehouse(paths, async (warehouse) => {
    await refreshWarehouse({ pool: books.pipeline, warehouse, log: silentLog() });
    const sources = {
      pool: books.pipeline,
      warehouse,
      now: () => new Date('2025-03-19T07:00:00Z'),
    };
    const period = periodContaining('day', '2025-03-18', 1);
    return findReport('executive').compose(sources, 'acme', () => period);
  });
  expect(content.completeness).toMatchObject({
    inPostgres: { value: '2' },
    inReport: { value: '2' },
    difference: { value: '0' },
  });
});
