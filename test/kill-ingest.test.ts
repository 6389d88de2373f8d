// What the ingest server acknowledged survives its death: killed between two batches, everything is
// sent again and the totals are as if nothing had happened.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Decimal } from '../core/money.ts';
import { query } from '../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  makeTestFolder,
  type TestBooks,
} from '../core/test-support.ts';
import { readTrace } from '../demo/trace.ts';
import { createToken } from '../ingest/api/tokens.ts';
import { readExpectedTable } from './expected.ts';
import { startDaybook, waitForLog } from './support.ts';

const BATCH_SIZE = 750;
const folder = makeTestFolder();
let books: TestBooks;
let token: string;

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
  token = await createToken(books.app, { clientId: 'acme', name: 'test', scopes: ['usage:write'] });
});

afterAll(async () => {
  await books.close();
  folder.remove();
});

test('kill -9 between two batches, then the import again: totals unchanged', async () => {
  const events = readTrace();
  const first = await startServer();
  await send(first.url, events.slice(0, BATCH_SIZE));
  await send(first.url, events.slice(BATCH_SIZE, 2 * BATCH_SIZE));
  first.child.kill('SIGKILL');
  expect(await totals()).toMatchObject({ calls: String(2 * BATCH_SIZE) });

  const second = await startServer();
  for (let sent = 0; sent < events.length; sent += BATCH_SIZE) {
    const answer = await send(second.url, events.slice(sent, sent + BATCH_SIZE));
    const expected = sent < 2 * BATCH_SIZE ? 'duplicate' : 'accepted';
    expect(answer).toMatchObject({ [expected]: BATCH_SIZE, conflict: 0, rejected: 0 });
  }
  const [all] = readExpectedTable();
  const after = await totals();
  expect(after.calls).toBe(String(all?.requests));
  expect(after.tokens).toBe(String(all?.total_tokens));
  expect(
    new Decimal(after.cost)
      .minus(all?.cost ?? 0)
      .abs()
      .lte('1e-12'),
  ).toBe(true);
  await stopServer(second.child);
}, 60_000);

test('a server told to stop ends by itself and answers what it had taken', async () => {
  const { child, url } = await startServer();
  const answer = send(url, readTrace().slice(0, BATCH_SIZE));
  const [{ duplicate }, code] = [await answer, await stopServer(child)];
  expect(duplicate).toBe(BATCH_SIZE);
  expect(code).toBe(0);
}, 30_000);

async function startServer() {
  const child = startDaybook(['ingest'], {
    DATABASE_URL: books.ownerUrl,
    DAYBOOK_HOME: join(folder.path, 'home'),
    PORT: '0',
  });
  const { url } = await waitForLog(child, 'ingest.listening');
  return { child, url: String(url) };
}

function stopServer(child: ReturnType<typeof startDaybook>): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.kill('SIGTERM');
  });
}

async function send(url: string, events: object[]): Promise<Record<string, number>> {
  const response = await fetch(`${url}/v1/usage`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(events),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, number>;
}

async function totals(): Promise<{ calls: string; tokens: string; cost: string }> {
  const [row] = await query<{ calls: string; tokens: string; cost: string }>(
    books.pipeline,
    `select count(*)::text as calls, sum(input_tokens + output_tokens)::text as tokens,
       sum(reported_cost)::text as cost
     from usage_events`,
  );
  if (row === undefined) throw new Error('no totals');
  return row;
}
