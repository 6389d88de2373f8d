// A disk that fills up: reports and backups stop first, with one alert, ingest goes on until nearly
// nothing is left, and all of it resumes by itself.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backUp } from '../core/backup.ts';
import { createDiskGuard } from '../core/disk.ts';
import { query } from '../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  fixedClock,
  makeTestFolder,
  silentLog,
  type TestBooks,
} from '../core/test-support.ts';
import { createAuthenticator, createToken } from '../ingest/api/tokens.ts';
import { startIngest } from '../ingest/server.ts';
import { createUsageStore } from '../ingest/store/usage-events.ts';
import { withWarehouse } from '../pipeline/warehouse.ts';
import { runTick, type TickDeps } from '../reports/due-reports.ts';
import { createDiskWatch } from '../reports/low-disk.ts';
import { createOutboxMailer } from '../reports/mailer.ts';
import { bookEvents } from './booked-events.ts';

const MIB = 2 ** 20;
const MARKS = { lowBytes: 400 * MIB, criticalBytes: 100 * MIB };
const clock = fixedClock('2025-03-01T00:00:00Z');
const folder = makeTestFolder();
const space = { freeBytes: 1_000 * MIB, totalBytes: 10_000 * MIB };
const disk = createDiskGuard({
  ...{ ...MARKS, folder: folder.path, askEveryMs: 0 },
  readSpace: () => ({ ...space }),
});
let books: TestBooks;
let deps: TickDeps;

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
  await query(books.owner, 'update jobs set created_at = $1', [clock.now()]);
  await bookEvents(books.app, 'acme', [{ id: 'a', at: '2025-03-02T10:00:00Z', cost: '1' }]);
  const paths = { warehouse: join(folder.path, 'w.duckdb'), staging: join(folder.path, 's') };
  const { pipeline: pool } = books;
  deps = {
    pool,
    disk,
    findHeldKinds: createDiskWatch({ pool, disk, now: clock.now, log: silentLog() }),
    log: silentLog(),
    now: clock.now,
    withWarehouse: (work) => withWarehouse(paths, work),
    mailer: createOutboxMailer(join(folder.path, 'outbox')),
    mailFrom: 'daybook@daybook.example',
    alertTo: 'owner@daybook.example',
    archiveDir: join(folder.path, 'archive'),
    browser: () => Promise.reject(new Error('no PDF in this test')),
  };
});
afterAll(async () => {
  await books.close();
  folder.remove();
});

const alerts = () =>
  query(
    books.owner,
    `select message, alerted_at is not null as is_told, resolved_at is not null as is_over
     from error_logs where code = 'disk_low' order by occurred_at`,
  );
const runsOf = (kind: string) =>
  query<{ state: string; attempts: number }>(
    books.owner,
    `select state, attempts from runs where kind = $1 order by slot_at`,
    [kind],
  );

test('reports wait while the disk is low, one mail says so, and they are made after', async () => {
  space.freeBytes = 300 * MIB;
  for (const minute of ['00', '10', '20', '30']) {
    clock.set(`2025-03-03T07:${minute}:00Z`);
    const result = await runTick(deps);
    expect(result).toMatchObject({ reports: 0, failed: 0, errorsTold: minute === '00' ? 1 : 0 });
  }
  // It waits untried, so that no number of attempts is used up; the warehouse goes on.
  const waiting = await runsOf('report');
  expect(waiting).toEqual(waiting.map(() => ({ state: 'due', attempts: 0 })));
  expect(waiting.length).toBeGreaterThan(1);
  expect((await runsOf('refresh')).some(({ state }) => state === 'succeeded')).toBe(true);
  const message = expect.stringContaining('the disk is low, 0.3 GiB of 9.8 GiB free');
  expect(await alerts()).toEqual([{ message, is_told: true, is_over: false }]);
  expect(readdirSync(join(folder.path, 'outbox'))).toHaveLength(1);

  space.freeBytes = 600 * MIB;
  clock.set('2025-03-03T07:40:00Z');
  // The report is tried at once; that this test has no browser is another matter.
  await runTick(deps);
  expect((await runsOf('report')).every(({ attempts }) => attempts === 1)).toBe(true);
  expect(await alerts()).toEqual([{ message, is_told: true, is_over: true }]);
});

test('the warehouse waits too while the disk is critical', async () => {
  space.freeBytes = 50 * MIB;
  clock.set('2025-03-03T08:40:00Z');
  const result = await runTick(deps);
  expect(result).toMatchObject({ refreshed: false, errorsTold: 1 });
  space.freeBytes = 1_000 * MIB;
  clock.set('2025-03-03T08:41:00Z');
  expect(await runTick(deps)).toMatchObject({ refreshed: true });
});

test('ingest goes on while the disk is low, and answers 503 while it is critical', async () => {
  const token = await createToken(books.app, {
    clientId: 'acme',
    name: 'test',
    scopes: ['usage:write'],
  });
  const server = await startIngest(
    {
      authenticate: createAuthenticator(books.app),
      storeUsage: createUsageStore(books.app),
      checkReady: async () => disk.requireRoomToStore(),
      requireRoomToStore: disk.requireRoomToStore,
      log: silentLog(),
    },
    { host: '127.0.0.1', port: 0 },
  );
  const post = async (id: string) => {
    const body = { id, occurred_at: '2025-03-03T00:00:00Z', provider: 'p', model: 'm', cost: 1 };
    const response = await fetch(`${server.url}/v1/usage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return [response.status, response.headers.get('retry-after')];
  };
  space.freeBytes = 200 * MIB;
  expect(await post('low')).toEqual([201, null]);
  space.freeBytes = 50 * MIB;
  expect(await post('critical')).toEqual([503, '5']);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  space.freeBytes = 200 * MIB;
  expect(await post('critical')).toEqual([201, null]);
  await server.close();
});

test('a backup onto a disk that is low is refused before it begins', async () => {
  space.freeBytes = 300 * MIB;
  const to = join(folder.path, 'backup');
  const { requireSpace } = disk;
  const backup = backUp({
    ...{ owner: books.owner, archiveDir: deps.archiveDir, folder: to, now: clock.now() },
    ...{ output: { write: () => true }, requireSpace },
  });
  await expect(backup).rejects.toMatchObject({ code: 'ERR_DISK_LOW' });
  expect(readdirSync(folder.path)).not.toContain('backup');
});

/** A disk of its own, where the machine lets us have one. */
function mountSmallDisk(path: string): boolean {
  mkdirSync(path);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'none', path]);
  return mounted.status === 0;
}

test('a real small disk is measured as it fills and is freed', (context) => {
  const path = join(folder.path, 'small');
  if (!mountSmallDisk(path)) context.skip('this machine lets nobody mount a disk here');
  try {
    const guard = createDiskGuard({ folder: path, askEveryMs: 0 });
    expect(guard.state()).toBe('ok');
    writeFileSync(join(path, 'filler'), Buffer.alloc(15.4 * MIB));
    expect(guard.state()).toBe('low');
    writeFileSync(join(path, 'more'), Buffer.alloc(0.5 * MIB));
    expect(guard.state()).toBe('critical');
    rmSync(join(path, 'filler'));
    expect(guard.state()).toBe('ok');
  } finally {
    spawnSync('umount', [path]);
  }
});
