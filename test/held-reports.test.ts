// Reports that wait: for their period to close, for a check to hold again; and one that has waited for
// long enough, which says how far its data reach. Who runs Daybook is told of a failed check once.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  fixedClock,
  makeTestFolder,
  rememberingLog,
  type TestBooks,
} from '../core/test-support.ts';
import { openWarehouse, withWarehouse } from '../pipeline/warehouse.ts';
import { type Browser, launchBrowser } from '../reports/browser.ts';
import { loadAllJobs, runTick, type TickDeps } from '../reports/due-reports.ts';
import { createOutboxMailer } from '../reports/mailer.ts';
import { addRecipient } from '../reports/subscriptions.ts';
import { bookEvents } from './booked-events.ts';

const clock = fixedClock('2025-03-17T00:00:00Z');
let browser: Browser;
let books: TestBooks;
let folder: ReturnType<typeof makeTestFolder>;
let paths: { warehouse: string; staging: string };
const { log, lines } = rememberingLog();

beforeAll(async () => {
  browser = await launchBrowser(undefined, log);
});
afterAll(() => browser.close());
beforeEach(async () => {
  folder = makeTestFolder();
  paths = { warehouse: join(folder.path, 'w.duckdb'), staging: join(folder.path, 'staging') };
  books = await createTestBooks();
  lines.length = 0;
  clock.set('2025-03-17T00:00:00Z');
  await addTestClient(books.app);
  await addRecipient(books.app, 'acme', { email: 'ceo@acme.example', periodKinds: ['day'] });
  await query(books.owner, `delete from jobs where job <> 'report executive day'`);
  await query(books.owner, `update jobs set created_at = '2025-03-16T12:00:00Z'`);
  await loadAllJobs(deps());
  // Their slots would come first and keep the reports of their tick from being tried.
  await query(
    books.owner,
    `update jobs set paused_at = now() where kind <> 'report' and cron is not null`,
  );
  await bookEvents(books.app, 'acme', [{ id: 'e1', at: '2025-03-16T12:00:00Z', cost: '1' }]);
});
afterEach(async () => {
  await books.close();
  folder.remove();
});

const deps = (): TickDeps => ({
  pool: books.pipeline,
  mailer: createOutboxMailer(join(folder.path, 'outbox')),
  mailFrom: 'daybook@daybook.example',
  alertTo: 'oncall@daybook.example',
  archiveDir: join(folder.path, 'archive'),
  browser: () => Promise.resolve(browser),
  now: clock.now,
  log,
  withWarehouse: (work) => withWarehouse(paths, work),
});
const tickAt = (time: string) => {
  clock.set(`2025-03-17T${time}Z`);
  return runTick(deps());
};
const setCron = (cron: string) =>
  query(books.owner, `update jobs set cron = $1 where kind = 'report'`, [cron]);
const reportRun = async () => {
  const [run] = await query(
    books.pipeline,
    `select state, attempts, error from runs where job = 'report executive day'`,
  );
  return run;
};
/** The mails' texts, without their soft line breaks. */
const mails = (kind: 'executive' | 'alert') => {
  try {
    const folderPath = join(folder.path, 'outbox');
    return readdirSync(folderPath)
      .filter((name) => name.startsWith(kind))
      .map((name) => readFileSync(join(folderPath, name), 'utf8').replaceAll('=\r\n', ''));
  } catch {
    return [];
  }
};

describe('a report that is due ten minutes after its day', () => {
  beforeEach(() => setCron('10 0 * * *'));

  test('waits until the day is closed, and is sent then without another word', async () => {
    expect(await tickAt('00:10:05')).toMatchObject({ reports: 0, failed: 0, mailsSent: 0 });
    expect(await reportRun()).toMatchObject({
      ...{ state: 'due', attempts: 0 },
      error: expect.stringContaining('2025-03-16 is not closed'),
    });
    expect(await tickAt('00:59:00')).toMatchObject({ refreshed: false, reports: 0 });
    // A little later than the hour: the copy is as old as the tick has run.
    expect(await tickAt('01:01:30')).toMatchObject({ reports: 1, mailsSent: 1 });
    expect(await reportRun()).toMatchObject({ state: 'succeeded', attempts: 1 });
    expect(mails('executive')[0]).not.toMatch(/not closed|is missing/);
  }, 60_000);

  test('counts the late calls that came in between', async () => {
    await tickAt('00:10:05');
    await bookEvents(books.app, 'acme', [{ id: 'e2', at: '2025-03-16T23:59:59Z', cost: '1' }]);
    await tickAt('01:01:30');
    expect(mails('executive')[0]).toContain('2 calls in Postgres');
  }, 60_000);

  test('is made at once for whoever asks, and says that it is not closed (control)', async () => {
    clock.set('2025-03-17T00:10:05Z');
    await query(
      books.owner,
      `insert into runs (run_id, job, client_id, slot_at, state, fence, attempts, kind, params,
         triggered_by)
       select gen_random_uuid(), job, client_id, $1, 'due', 0, 0, kind, params, 'hand' from jobs
       where kind = 'report'`,
      [clock.now()],
    );
    await query(books.owner, `update jobs set paused_at = now() where kind = 'report'`);
    expect(await runTick(deps())).toMatchObject({ reports: 1, mailsSent: 1 });
    expect(mails('executive')[0]).toContain('This period is not closed yet.');
  }, 60_000);
});

describe('a report whose warehouse cannot be refreshed', () => {
  beforeEach(async () => {
    await setCron('0 19 * * *');
    clock.set('2025-03-16T20:00:00Z');
    await runTick(deps());
    await setCron('0 7 * * *');
    // The copy is of the evening before; no other one succeeds.
    const warehouse = await openWarehouse(paths);
    await warehouse.run('update raw.copy_state set as_of = as_of - interval 20 hour');
    warehouse.close();
    await query(books.owner, 'delete from runs');
    await query(books.owner, 'delete from deliveries');
    await query(books.owner, 'revoke select on sms_messages from daybook_pipeline');
  });

  test('fails for six hours, then is sent and says how far its data reach', async () => {
    await expect(tickAt('07:00:05')).rejects.toThrow('permission denied');
    expect(await reportRun()).toMatchObject({ state: 'failed', attempts: 1 });
    await expect(tickAt('12:59:55')).rejects.toThrow('permission denied');
    const before = mails('executive').length;
    await tickAt('13:05:00');
    const mail = mails('executive').slice(before)[0] ?? '';
    expect(mail).toMatch(/Data as of .*The period ended 17 Mar 2025, 00:00: what came/);
    expect(mail).toContain('Cost so far is $1.00 for 1 call');
    expect(await reportRun()).toMatchObject({ state: 'succeeded' });
  }, 60_000);
});

describe('a check that fails', () => {
  const setCost = (cost: number) =>
    query(books.owner, `update usage_events set cost = $1, xid = pg_current_xact_id()`, [cost]);
  const spoil = () => setCost(-1);
  const mend = () => setCost(1);
  const told = () =>
    query(
      books.owner,
      `select message from error_logs where code like 'assert%' order by occurred_at`,
    );

  beforeEach(async () => {
    await setCron('0 7 * * *');
    await query(books.owner, 'alter table usage_events drop constraint usage_events_cost_check');
  });

  test('holds reports until it holds again, and is told once each time it begins', async () => {
    await spoil();
    await expect(tickAt('07:00:05')).rejects.toThrow('assert_amounts_are_possible');
    expect(await reportRun()).toMatchObject({
      ...{ state: 'due', attempts: 0 },
      error: expect.stringContaining('held until its checks hold'),
    });
    // Eight hours, and however long: nothing is made from wrong figures.
    for (const time of ['07:16:00', '09:00:00', '13:30:00', '15:00:00'])
      await expect(tickAt(time)).rejects.toThrow('assert_amounts_are_possible');
    expect(mails('executive')).toEqual([]);
    expect((await told()).length).toBe(1);
    expect(mails('alert').length).toBe(1);
    expect(mails('alert')[0]).toContain('assert_amounts_are_possible');

    await mend();
    expect(await tickAt('15:30:00')).toMatchObject({ reports: 1, mailsSent: 1 });
    const [check] = await query(books.owner, 'select * from check_failures');
    expect(check).toMatchObject({ row_count: expect.anything(), resolved_at: expect.any(Date) });
    expect(await tickAt('15:31:00')).toMatchObject({ reports: 0, errorsTold: 0 });

    await spoil();
    await setCron('0 17 * * *');
    await expect(tickAt('17:00:05')).rejects.toThrow('assert_amounts_are_possible');
    await expect(tickAt('17:20:00')).rejects.toThrow('assert_amounts_are_possible');
    expect((await told()).length).toBe(2);
    expect(mails('alert').length).toBe(2);
  }, 120_000);
});
