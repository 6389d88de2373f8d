// Commands that need the warehouse while a real worker holds its file: the worker does their work as runs,
// and they say what came of it.
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { deriveRoleUrl, PIPELINE_ROLE } from '../core/roles.ts';
import {
  addTestClient,
  createTestBooks,
  makeTestFolder,
  type TestBooks,
} from '../core/test-support.ts';
import { openWarehouse } from '../pipeline/warehouse.ts';
import { bookEvents } from './booked-events.ts';
import { runDaybook, startDaybook, waitForLog } from './support.ts';

const folder = makeTestFolder();
let books: TestBooks;
let env: Record<string, string>;
let worker: ChildProcess | undefined;

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
  await bookEvents(books.app, 'acme', [{ id: 'one', at: '2025-03-18T10:00:00Z', cost: '1.5' }]);
  env = {
    DATABASE_PIPELINE_URL: deriveRoleUrl(books.ownerUrl, PIPELINE_ROLE),
    DAYBOOK_HOME: folder.path,
  };
});

afterAll(async () => {
  await stopWorker();
  await books.close();
  folder.remove();
});

test('without a worker a command waits for the file and does it itself', async () => {
  const staging = join(folder.path, 'staging');
  const held = await openWarehouse({
    warehouse: join(folder.path, 'warehouse.duckdb'),
    staging,
  });
  const command = runDaybook(['rollup'], env);
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  held.close();
  expect(await command).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Copied \d+ rows as of .*, all checks passed\.\n$/),
  });
  expect(await handedRuns()).toEqual([]);
}, 60_000);

test('a worker that holds the file does what commands ask, and they tell of it', async () => {
  const release = await stallCopies();
  worker = startDaybook(['worker'], env);
  await waitForLog(worker, 'worker.started');
  await expect.poll(isCopying, { timeout: 30_000 }).toBe(true);
  const asked = [
    ['rollup'],
    ['copy'],
    ['rollup', '--everything'],
    ['verify', '--deep'],
    ['report', 'executive', '--client', 'acme', '--period', '2025-03-18', '--format', 'html'],
    ['report', 'executive', '--client', 'acme', '--period', '2025-03-17'],
  ].map((args) => runDaybook(args, env));
  await expect.poll(handedRuns, { timeout: 30_000 }).toHaveLength(asked.length);
  // One is spoilt before the worker comes to it.
  await query(books.owner, `update runs set params = '{}' where job like '%by hand 2025-03-17%'`);
  await release();
  const [rollup, copy, everything, verify, report, spoilt] = await Promise.all(asked);
  const done = { code: 0, stderr: '' };
  expect(rollup).toMatchObject(done);
  expect(rollup?.stdout).toMatch(/A worker does it .*done .*\nThe worker copied \d+ rows/);
  expect(copy).toMatchObject({ ...done, stdout: expect.stringContaining('The worker copied') });
  expect(everything?.stdout).toMatch(/The worker rebuilt [1-9]\d* days/);
  expect(verify?.stdout).toMatch(
    /days checked and recomputed in Postgres by the worker: all is well/,
  );
  expect(report).toMatchObject(done);
  const path = report?.stdout.trim().split('\n').at(-1) ?? '';
  expect(path).toMatch(/executive-2025-03-18\.html$/);
  expect(existsSync(path)).toBe(true);
  expect(report?.stdout).toContain('Revision 1 (new)');
  expect(spoilt?.code).toBe(1);
  expect(spoilt?.stderr).toContain('the worker could not do it: no report has the parameters {}');
  const runs = await handedRuns();
  expect(runs.filter(({ state }) => state === 'succeeded')).toHaveLength(asked.length - 1);
  expect(new Set(runs.map(({ pid }) => pid))).toEqual(new Set([String(worker.pid)]));
}, 180_000);

/** Copies wait until the lock is let go of; they hold the file meanwhile. */
async function stallCopies(): Promise<() => Promise<void>> {
  const connection = await books.owner.connect();
  await connection.query('begin');
  await connection.query('lock table cost_adjustments in access exclusive mode');
  return async () => {
    await connection.query('rollback');
    connection.release();
  };
}

async function isCopying(): Promise<boolean> {
  const rows = await query(
    books.owner,
    `select from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock' and query ilike 'copy (%'`,
  );
  return rows.length > 0;
}

async function handedRuns() {
  return query<{ job: string; state: string; pid: string }>(
    books.owner,
    `select job, state, split_part(holder, ':', 2) as pid from runs
     where job like '%by hand%' order by job`,
  );
}

async function stopWorker(): Promise<void> {
  const child = worker;
  if (child === undefined || child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
