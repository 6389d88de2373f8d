// The README's SQL as a test: every statement of it runs for an analyst, and every view and function
// that analysts may use is in it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { ANALYST_GROUP } from '../core/roles.ts';
import { addTestClient, createTestBooks, type TestBooks } from '../core/test-support.ts';
import { bookCalls, dropLogins, type OpenLogin, openLogin } from './sql-logins.ts';
import { PROJECT_DIR } from './support.ts';

/** What the others are made of. */
const PARTS = ['client_day_starts', 'sum_usage_of_periods'];

const readme = readFileSync(join(PROJECT_DIR, 'README.md'), 'utf8');
const statements = [...readme.matchAll(/```sql\n([\s\S]*?)```/g)].flatMap(([, block]) =>
  (block ?? '').split(';').filter((statement) => statement.trim() !== ''),
);
let books: TestBooks;
let analyst: OpenLogin;

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
  const call = { user: 'u-17', input: 7, cost: '0.1', costStatus: 'computed' };
  await bookCalls(books.app, 'acme', [
    { id: 'march', at: '2025-03-18T10:00:00Z', latency: '20', ...call },
    { id: 'now', at: new Date().toISOString(), ...call },
  ]);
  analyst = await openLogin(books, 'acme', 'analyst');
});

afterAll(async () => {
  await dropLogins(books, [analyst]);
  await books.close();
});

test('every statement of the README gives an analyst rows', async () => {
  expect(statements.length).toBeGreaterThan(7);
  for (const statement of statements) {
    const rows = await query(analyst.pool, statement);
    expect([statement, rows.length > 0]).toEqual([statement, true]);
  }
});

test('the README names every view and every function that answers', async () => {
  const names = await query<{ name: string }>(
    books.owner,
    `select relname as name from pg_class
     where relkind = 'v' and relnamespace = 'public'::regnamespace
     union all
     select proname from pg_proc
     where pronamespace = 'public'::regnamespace and proretset
       and has_function_privilege('${ANALYST_GROUP}', oid, 'execute')`,
  );
  const missing = names.map(({ name }) => name).filter((name) => !readme.includes(name));
  expect(missing.sort()).toEqual(PARTS);
});
