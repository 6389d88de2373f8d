// The statements of sql/postgres/partition_usage_events.sql, on books that are in use: whatever belongs to
// usage_events still does, and ingest, copy and erasure find it as it was.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { addTestClient, createTestBooks, silentLog, type TestBooks } from '../core/test-support.ts';
import { createUsageStore } from '../ingest/store/usage-events.ts';
import { parseNativeItem } from '../ingest/usage/native.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { verifyWarehouse } from '../pipeline/verify.ts';
import { createTestWarehouse } from './test-warehouse.ts';

const CLIENTS = ['a', 'b', 'c', 'd'];
let books: TestBooks;
beforeAll(async () => {
  books = await createTestBooks();
  for (const clientId of CLIENTS) await addTestClient(books.app, { clientId });
});
afterAll(() => books.close());

/** What belongs to the table, as texts without its parts' own names. */
async function belongings(): Promise<string[]> {
  const rows = await query<{ text: string }>(
    books.owner,
    `select pg_get_constraintdef(oid) || conrelid::regclass as text from pg_constraint
     where 'usage_events'::regclass in (conrelid, confrelid) and conparentid = 0
     union all select pg_get_triggerdef(oid) from pg_trigger
     where tgrelid = 'usage_events'::regclass and not tgisinternal
     union all select policyname || tablename || cmd || roles::text || coalesce(qual, '')
       || coalesce(with_check, '') from pg_policies
     union all select grantee || privilege_type || column_name
     from information_schema.column_privileges where table_name = 'usage_events'
     union all select grantee || privilege_type
     from information_schema.table_privileges where table_name = 'usage_events'
     union all select regexp_replace(indexdef, '.* USING ', '') from pg_indexes
     where tablename = 'usage_events'
     union all
     select relrowsecurity::text || relforcerowsecurity || obj_description(oid, 'pg_class')
     from pg_class where oid = 'usage_events'::regclass
     union all select table_name || column_name || data_type || is_nullable
     from information_schema.columns where table_schema = 'public'
       and table_name in ('usage_events', 'usage_calls', 'tokens_usage', 'task_costs')`,
  );
  return rows.map(({ text }) => text).sort();
}

const itemOf = (id: string, cost = '0.5') =>
  parseNativeItem({
    ...{ id, occurred_at: '2025-03-18T10:00:00Z', provider: 'openai', model: 'gpt-4o' },
    ...{ input_tokens: 12, user_id: 'u', cost },
  });

test('what belongs to the table belongs to its parts, and nothing is counted twice', async () => {
  const store = createUsageStore(books.app);
  const held = await createTestWarehouse();
  const options = { pool: books.pipeline, warehouse: held.warehouse, log: silentLog() };
  for (const clientId of CLIENTS) await store(clientId, [itemOf('one'), itemOf('two')]);
  await refreshWarehouse(options);
  const before = await belongings();
  await query(books.owner, loadSql('postgres/partition_usage_events'));
  await query(books.owner, 'drop table usage_events_whole');
  expect(await belongings()).toEqual(before);
  const results = await store('a', [itemOf('one'), itemOf('one', '9'), itemOf('three')]);
  expect(results.map(({ result }) => result)).toEqual(['duplicate', 'conflict', 'accepted']);
  expect(await query(books.app, 'select * from usage_events')).toEqual([]);
  // Rows of the calendar may be read again while a transaction of another test is open.
  expect((await refreshWarehouse(options)).rebuiltDays).toBe(1);
  await query(books.owner, `delete from usage_events where client_id = 'b' and event_id = 'one'`);
  await refreshWarehouse(options);
  expect(await held.warehouse.rows('select count(*) as calls from raw.usage_events')).toEqual([
    { calls: '8' },
  ]);
  expect((await verifyWarehouse({ ...options, deep: true })).failures).toEqual([]);
  const parts = await query(
    books.owner,
    `select from pg_inherits where inhparent = 'usage_events'::regclass`,
  );
  expect(parts).toHaveLength(16);
  held.remove();
}, 60_000);
