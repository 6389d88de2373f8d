// What a killed refresh leaves behind: the figures of before or of after, never torn ones, and the next
// refresh makes them what a warehouse built from nothing would hold.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { deriveRoleUrl, PIPELINE_ROLE } from '../core/roles.ts';
import {
  addTestClient,
  createTestBooks,
  makeTestFolder,
  silentLog,
  type TestBooks,
} from '../core/test-support.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { openWarehouse, type WarehousePaths, withWarehouse } from '../pipeline/warehouse.ts';
import { bookEvents } from './booked-events.ts';

const IS_FULL = inject('kills') > 3;
const KILLS = IS_FULL ? 60 : 4;
const CLIENTS = ['Europe/Vienna', 'Asia/Kolkata'];

const folder = makeTestFolder();
let books: TestBooks;
let paths: WarehousePaths;
let booked = 0;

beforeAll(async () => {
  books = await createTestBooks();
  for (const [index, timeZone] of CLIENTS.entries())
    await addTestClient(books.app, { clientId: `c${index}`, timeZone });
});
afterAll(async () => {
  await books.close();
  folder.remove();
});
let runs = 0;
beforeEach(() => {
  runs += 1;
  const home = join(folder.path, `run-${runs}`);
  paths = { warehouse: join(home, 'warehouse.duckdb'), staging: join(home, 'staging') };
});

/** Books a few calls of three months, some of them long ago. */
async function bookMore(): Promise<void> {
  for (const clientId of ['c0', 'c1']) {
    const events = Array.from({ length: 7 }, () => {
      booked += 1;
      const day = 1 + ((booked * 37) % 85);
      const at = new Date(Date.UTC(2025, 0, day, booked % 24, booked % 60)).toISOString();
      return { id: `e${booked}`, at, cost: `0.${booked}`, user: `u${booked % 3}`, latency: '5' };
    });
    await bookEvents(books.app, clientId, events);
  }
}

/** Refreshes in a process of its own; the number of statements, or undefined if it was killed. */
function refreshDyingAt(dieAt: number, mode = ''): Promise<number | undefined> {
  const url = deriveRoleUrl(books.ownerUrl, PIPELINE_ROLE);
  const program = join(import.meta.dirname, 'refresh-process.ts');
  const given = [program, url, paths.warehouse, paths.staging, String(dieAt), mode];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, given, (error, stdout, stderr) => {
      if (error === null) resolve(Number(stdout));
      else if (error.signal === 'SIGKILL') resolve(undefined);
      else reject(new Error(stderr));
    });
  });
}

/** Every figure of a warehouse, as text. */
async function figuresOf(at: WarehousePaths): Promise<string> {
  return withWarehouse(at, async (warehouse) => {
    const tables = await warehouse.rows<{ name: string }>(
      `select schema_name || '.' || table_name as name from duckdb_tables()
       where schema_name in ('marts', 'rollups') or table_name = 'usage_events' order by name`,
    );
    const texts: string[] = [];
    for (const { name } of tables) {
      const [row] = await warehouse.rows(
        `select string_agg(to_json(t)::varchar, ';' order by to_json(t)::varchar) as rows
         from ${name} as t`,
      );
      texts.push(`${name} ${row?.rows}`);
    }
    return texts.join('\n');
  });
}

async function figuresFromNothing(): Promise<string> {
  runs += 1;
  const home = join(folder.path, `fresh-${runs}`);
  const fresh = { warehouse: join(home, 'warehouse.duckdb'), staging: join(home, 'staging') };
  const warehouse = await openWarehouse(fresh);
  await refreshWarehouse({ pool: books.pipeline, warehouse, log: silentLog() });
  warehouse.close();
  return figuresOf(fresh);
}

test(`killed at ${KILLS} steps of copy, build and checks: as before, then the same`, async () => {
  await bookMore();
  await refreshDyingAt(-1);
  await bookMore();
  const steps = (await refreshDyingAt(-1)) ?? 0;
  expect(steps).toBeGreaterThan(60);
  let before = await figuresOf(paths);
  let killed = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    await bookMore();
    const dieAt = 1 + Math.floor((kill * steps) / KILLS);
    // How many statements there are depends on the months that the new calls are in.
    if ((await refreshDyingAt(dieAt)) === undefined) {
      killed += 1;
      expect(await figuresOf(paths), `killed before statement ${dieAt}`).toBe(before);
    }
    await refreshDyingAt(-1);
    before = await figuresOf(paths);
    if (kill % 5 === 0) expect(before).toBe(await figuresFromNothing());
  }
  expect(killed).toBeGreaterThanOrEqual(IS_FULL ? 50 : KILLS - 1);
  expect(before).toBe(await figuresFromNothing());
}, 1_800_000);

test('control: without the transaction a kill leaves torn figures', async () => {
  await bookMore();
  await refreshDyingAt(-1);
  await bookMore();
  const steps = (await refreshDyingAt(-1)) ?? 0;
  const before = await figuresOf(paths);
  await bookMore();
  await refreshDyingAt(Math.floor(steps * 0.5), 'torn');
  const left = await figuresOf(paths);
  expect(left).not.toBe(before);
  expect(left).not.toBe(await figuresFromNothing());
}, 120_000);
