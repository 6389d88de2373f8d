// The real worker is killed in the middle of a report: another one resumes it within a minute, and it is
// mailed once. Asked to stop, it has ended after ten seconds, whatever hangs. The suite kills once, in a
// time that runs faster; `npm run prove` kills often, in ours.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { query } from '../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  makeTestFolder,
  type TestBooks,
} from '../core/test-support.ts';
import { withWarehouse } from '../pipeline/warehouse.ts';
import { addRecipient } from '../reports/subscriptions.ts';
import { PROJECT_DIR, waitForLog } from './support.ts';

const IS_FULL = inject('kills') > 3;
const KILLS = IS_FULL ? 10 : 1;
const FACTOR = IS_FULL ? 1 : 8;
const DAY_MS = 24 * 3_600_000;

let books: TestBooks;
let folder: ReturnType<typeof makeTestFolder>;
let home: string;
let children: ChildProcess[];
beforeEach(async () => {
  books = await createTestBooks();
  folder = makeTestFolder();
  home = join(folder.path, 'home');
  children = [];
  await addTestClient(books.app);
  await addRecipient(books.app, 'acme', { email: 'ceo@acme.example', periodKinds: ['day'] });
  await query(books.owner, `update jobs set created_at = $1, last_slot_at = now()`, [
    new Date(Date.now() - 3 * DAY_MS),
  ]);
});
afterEach(async () => {
  for (const child of children) await kill(child, 'SIGKILL');
  await books.close();
  folder.remove();
});

test(`${KILLS} times killed in a report: each resumes within a minute, mailed once`, async () => {
  const startedAt = Date.now();
  for (let round = 0; round < KILLS; round += 1) {
    // As if nothing had been made yet: a report that is archived already is soon done.
    home = join(folder.path, `home-${round}`);
    await query(books.owner, 'truncate report_revisions cascade');
    await query(books.owner, `delete from runs where kind = 'report'`);
    await query(books.owner, `update jobs set last_slot_at = null where job like '% day'`);
    const first = await start(FACTOR, startedAt);
    await waitForRun(`state = 'running' and kind = 'report'`);
    await sleep(Math.random() * 300);
    await kill(first, 'SIGKILL');
    const killedAt = performance.now();
    expect(await states('report')).toEqual(['running 1']);
    const second = await start(FACTOR, startedAt);
    await waitForRun(`attempts = 2 and kind = 'report'`);
    const tookMs = (performance.now() - killedAt) * FACTOR;
    expect(tookMs).toBeLessThan(60_000);
    await waitForRun(`state = 'succeeded' and kind = 'report'`);
    await waitForRun(`exists (select from deliveries where state = 'sent')`);
    expect(mails()).toHaveLength(1);
    if (IS_FULL) console.log(`resumed after ${(tookMs / 1000).toFixed(1)} s`);
    await kill(second, 'SIGTERM');
  }
}, 1_200_000);

describe('a worker that is told to stop', () => {
  test('finishes the report under way', async () => {
    await query(books.owner, `update jobs set last_slot_at = null where job like '% day'`);
    const worker = await start(1, Date.now());
    await waitForRun(`state = 'running' and kind = 'report'`);
    expect(await timeToStop(worker)).toBeLessThan(10_000);
    expect(await states('report')).toEqual(['succeeded 1']);
  }, 60_000);

  test('gives back a run that hangs, without an attempt lost, and ends all the same', async () => {
    const paths = { warehouse: join(home, 'warehouse.duckdb'), staging: join(home, 'staging') };
    await withWarehouse(paths, async () => {
      const worker = await start(1, Date.now());
      await waitForRun(`state = 'running' and kind = 'refresh'`);
      expect(await timeToStop(worker)).toBeLessThan(10_000);
    });
    expect(await states('refresh')).toEqual(['due 0']);
  }, 60_000);
});

async function start(factor: number, startedAt: number): Promise<ChildProcess> {
  const fast = factor === 1 ? [] : ['--import', join(PROJECT_DIR, 'test', 'fast-time.ts')];
  const script = join(PROJECT_DIR, 'bin', 'daybook.ts');
  const child = spawn(process.execPath, [...fast, script, 'worker'], {
    cwd: PROJECT_DIR,
    env: {
      ...{ PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', TZ: 'UTC' },
      ...{ DATABASE_URL: books.ownerUrl, DAYBOOK_HOME: home },
      FAST_TIME: `${factor} ${startedAt}`,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  await waitForLog(child, 'worker.started');
  return child;
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

async function timeToStop(child: ChildProcess): Promise<number> {
  const askedAt = performance.now();
  await kill(child, 'SIGTERM');
  expect(child.exitCode).toBe(0);
  return performance.now() - askedAt;
}

async function waitForRun(condition: string): Promise<void> {
  const sql = `select 1 from runs where ${condition}`;
  await expect
    .poll(async () => (await query(books.owner, sql)).length, { timeout: 100_000, interval: 5 })
    .toBeGreaterThan(0);
}

async function states(kind: string): Promise<string[]> {
  const sql = 'select state, attempts from runs where kind = $1 order by slot_at';
  const rows = await query<{ state: string; attempts: number }>(books.owner, sql, [kind]);
  return rows.map(({ state, attempts }) => `${state} ${attempts}`);
}

function mails(): string[] {
  try {
    return readdirSync(join(home, 'outbox'));
  } catch {
    return [];
  }
}
