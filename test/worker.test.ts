// The worker with a faked clock: it mails exactly the reports that are due, once, in each client's own
// morning, also after a restart and with a second worker beside it.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  fixedClock,
  makeTestFolder,
  silentLog,
  type TestBooks,
} from '../core/test-support.ts';
import { createUsageStore } from '../ingest/store/usage-events.ts';
import { parseNativeItem } from '../ingest/usage/native.ts';
import { withWarehouse } from '../pipeline/warehouse.ts';
import { type Browser, launchBrowser } from '../reports/browser.ts';
import { runTick, type TickDeps } from '../reports/due-reports.ts';
import { createOutboxMailer } from '../reports/mailer.ts';
import { addRecipient } from '../reports/subscriptions.ts';

const folder = makeTestFolder();
const clock = fixedClock('2027-02-28T23:00:00Z');
let books: TestBooks;
let browser: Browser;

beforeAll(async () => {
  books = await createTestBooks();
  browser = await launchBrowser(undefined, silentLog());
  await addTestClient(books.app, { clientId: 'vienna', timeZone: 'Europe/Vienna' });
  await addTestClient(books.app, { clientId: 'kolkata', timeZone: 'Asia/Kolkata' });
  await query(books.owner, `update jobs set created_at = '2027-02-01T00:00:00Z'`);
  for (const clientId of ['vienna', 'kolkata']) {
    await addRecipient(books.app, clientId, { email: `ceo@${clientId}.example` });
    await bookCalls(clientId);
  }
  await addRecipient(books.app, 'vienna', {
    email: 'weekly@vienna.example',
    periodKinds: ['week'],
  });
  await runTick(deps());
  await query(books.owner, `delete from deliveries`);
  for (const file of mails()) await removeMail(file);
}, 60_000);

afterAll(async () => {
  await browser.close();
  await books.close();
  folder.remove();
});

describe('over a Monday that is the first of a month', () => {
  test('each report goes out at seven in the client’s morning, and no other', async () => {
    const sent: Record<string, string[]> = {};
    for (let hour = 0; hour < 36; hour += 1) {
      const at = new Date(Date.parse('2027-03-01T00:00:00Z') + hour * 3_600_000);
      clock.set(new Date(at.getTime() + 30 * 60_000).toISOString());
      const before = new Set(mails());
      await runTick(deps());
      const fresh = mails().filter((mail) => !before.has(mail));
      if (fresh.length > 0)
        sent[clock.now().toISOString().slice(0, 16)] = fresh.map(shortName).sort();
    }
    expect(sent).toEqual({
      // 07:00 in Kolkata is 01:30 UTC, in Vienna (winter) 06:00 UTC.
      '2027-03-01T01:30': ['2027-02 kolkata', '2027-02-28 kolkata', '2027-W08 kolkata'],
      '2027-03-01T06:30': [
        '2027-02 vienna',
        '2027-02-28 vienna',
        '2027-W08 vienna',
        '2027-W08 vienna',
      ],
      '2027-03-02T01:30': ['2027-03-01 kolkata'],
      '2027-03-02T06:30': ['2027-03-01 vienna'],
    });
  }, 180_000);

  test('a restart, and a second worker at the same moment, mail nothing twice', async () => {
    clock.set('2027-03-03T06:30:00Z');
    const before = mails().length;
    const results = await Promise.all([runTick(deps()), runTick(deps())]);
    expect(results.reduce((sum, { reports }) => sum + reports, 0)).toBe(2);
    await runTick(deps());
    expect(mails().length - before).toBe(2);
  }, 60_000);

  test('after three days away only the newest day is mailed', async () => {
    clock.set('2027-03-07T12:00:00Z');
    const before = new Set(mails());
    await runTick(deps());
    const fresh = mails()
      .filter((mail) => !before.has(mail))
      .map(shortName)
      .sort();
    expect(fresh).toEqual(['2027-03-06 kolkata', '2027-03-06 vienna']);
  }, 60_000);
});

test('a run that died after queueing its mails queues none again, late data or not', async () => {
  clock.set('2027-03-08T12:00:00Z');
  await runTick(deps());
  const before = mails().length;
  const late = { id: 'late', occurred_at: '2027-03-07T12:00:00Z', provider: 'p', model: 'm' };
  await createUsageStore(books.app)('vienna', [parseNativeItem({ ...late, cost: '1' })]);
  // As a worker leaves them that was killed between queueing and writing its end.
  const undone = `update runs set state = 'running', finished_at = null, lease_until = $1
    where job like 'report%' and started_at >= $2`;
  await query(books.owner, undone, [clock.now(), clock.now()]);
  clock.set('2027-03-08T12:30:00Z');
  await runTick(deps());
  expect(mails().length).toBe(before);
  const [open] = await query(
    books.owner,
    `select count(*)::int as runs from runs where state = 'running'`,
  );
  expect(open).toEqual({ runs: 0 });
}, 60_000);

test('a report on time says what was, and not what is so far', async () => {
  const rows = await query<{ content: string }>(
    books.pipeline,
    'select content from report_revisions',
  );
  const contents = rows.map(
    ({ content }) => JSON.parse(content) as { headline: string; lede: string },
  );
  expect(contents.length).toBeGreaterThan(8);
  for (const { headline, lede } of contents)
    expect(`${headline} ${lede}`).not.toMatch(/so far|still open/);
});

test('a tick tells of critical errors also where it can make no report', async () => {
  const insert = `insert into error_logs (client_id, error_id, error_type, message, is_critical,
    occurred_at) values ('vienna', gen_random_uuid(), 'system_error', 'it broke', true, $1)`;
  await query(books.owner, insert, [clock.now()]);
  clock.set('2027-03-09T12:00:00Z');
  const withWarehouse = () => Promise.reject(new Error('the warehouse is busy'));
  const alertTo = 'oncall@daybook.example';
  const before = new Set(mails());
  await expect(runTick({ ...deps(), alertTo, withWarehouse })).rejects.toThrow('busy');
  const fresh = mails().filter((mail) => !before.has(mail));
  expect(fresh).toEqual([expect.stringMatching(/^alert-/)]);
  await removeMail(fresh[0] ?? '');
});

test('forgetting the ledger and what was planned would mail again (control)', async () => {
  await query(books.owner, 'delete from runs');
  await query(books.owner, 'delete from deliveries');
  expect(await runTick(deps())).toMatchObject({ reports: 0 });
  await query(books.owner, 'update jobs set last_slot_at = null');
  const { reports } = await runTick(deps());
  expect(reports).toBeGreaterThan(0);
}, 60_000);

function deps(): TickDeps {
  const paths = {
    warehouse: join(folder.path, 'warehouse.duckdb'),
    staging: join(folder.path, 'staging'),
  };
  return {
    pool: books.pipeline,
    mailer: createOutboxMailer(join(folder.path, 'outbox')),
    mailFrom: 'daybook@daybook.example',
    archiveDir: join(folder.path, 'archive'),
    browser: () => Promise.resolve(browser),
    now: clock.now,
    log: silentLog(),
    withWarehouse: (work) => withWarehouse(paths, work),
  };
}

async function bookCalls(clientId: string): Promise<void> {
  const items = Array.from({ length: 60 }, (_, index) =>
    parseNativeItem({
      id: `call-${index}`,
      occurred_at: new Date(Date.UTC(2027, 1, 1 + (index % 35), 12)).toISOString(),
      provider: 'openai',
      model: 'gpt-4o',
      input_tokens: 100 + index,
      cost: '0.01',
      currency: 'USD',
    }),
  );
  await createUsageStore(books.app)(clientId, items);
}

function mails(): string[] {
  try {
    return readdirSync(join(folder.path, 'outbox'));
  } catch {
    return [];
  }
}

async function removeMail(file: string): Promise<void> {
  const { rm } = await import('node:fs/promises');
  await rm(join(folder.path, 'outbox', file));
}

/** "executive.2027-W08.r1.vienna.1.…eml" → "2027-W08 vienna". */
function shortName(file: string): string {
  const [, period, , client] = file.split('.');
  return `${period} ${client}`;
}
