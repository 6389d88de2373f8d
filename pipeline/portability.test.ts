// The warehouse in another catalog than a file of its own: nothing that a refresh, a verification or a
// report says needs what DuckLake or MotherDuck lack, and what it makes is the same, to the last digit.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { listSql, loadSql } from '../core/sql.ts';
import {
  addTestClient,
  createTestBooks,
  makeTestFolder,
  silentLog,
  type TestBooks,
} from '../core/test-support.ts';
import { act, emptyBooks } from '../test/act.ts';
import { bookEvents } from '../test/booked-events.ts';
import { anyHistory, CLIENTS } from '../test/histories.ts';
import { findLacks, LACKING_TYPES, LACKS } from '../test/portable-sql.ts';
import { compareWarehouses } from '../test/same-figures.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { refreshWarehouse } from './refresh.ts';
import { verifyWarehouse } from './verify.ts';
import {
  discardWarehouse,
  openLocation,
  openWarehouse,
  type Warehouse,
  type WarehousePaths,
} from './warehouse.ts';

const HISTORIES = 2;
const folder = makeTestFolder();
let books: TestBooks;
let file: TestWarehouse;
beforeAll(async () => {
  books = await createTestBooks();
  for (const clientId of CLIENTS) await addTestClient(books.app, { clientId });
});
afterAll(async () => {
  await books.close();
  folder.remove();
});

const options = (warehouse: Warehouse) => ({ pool: books.pipeline, warehouse, log: silentLog() });

/** Lives through some histories, with a refresh of each warehouse after every round. */
async function liveThrough(warehouses: Warehouse[]): Promise<void> {
  let ids = 0;
  for (const { zones, rounds } of fc.sample(anyHistory, { numRuns: HISTORIES, seed: 7 })) {
    await emptyBooks(books.owner, zones);
    for (const round of rounds) {
      for (const action of round) {
        ids += 1;
        await act(books, action, `i${ids}`, async () => undefined);
      }
      for (const warehouse of warehouses) await refreshWarehouse(options(warehouse));
    }
  }
}

/** Remembers every statement. */
function recording(warehouse: Warehouse): { recorder: Warehouse; said: Set<string> } {
  const said = new Set<string>();
  const recorder: Warehouse = {
    ...warehouse,
    run: (sql, parameters) => {
      said.add(sql);
      return warehouse.run(sql, parameters);
    },
    rows: (sql, parameters) => {
      said.add(sql);
      return warehouse.rows(sql, parameters);
    },
  };
  return { recorder, said };
}

describe('what a shared warehouse lacks', () => {
  test.each(LACKS.map(({ example, why }) => [example, why]))('is found: %s', (example, why) => {
    expect(findLacks(example)).toContain(why);
  });

  test('is in no model, check or report', () => {
    const folders = ['raw', 'calendar', 'staging', 'marts', 'rollups', 'reports', 'assertions'];
    const names = [...folders, 'checks'].flatMap((name) => listSql(`duckdb/${name}`));
    const found = names.map((name) => [name, findLacks(loadSql(name))]);
    expect(found.filter(([, lacks]) => lacks?.length !== 0)).toEqual([]);
  });

  test('is in no statement of refreshing and verifying, and in no type of a column', async () => {
    file = await createTestWarehouse();
    const { recorder, said } = recording(file.warehouse);
    await liveThrough([recorder]);
    const { failures } = await verifyWarehouse({ ...options(recorder), deep: true });
    await refreshWarehouse({ ...options(recorder), everything: true });
    expect(failures).toEqual([]);
    expect(said.size).toBeGreaterThan(100);
    const found = [...said].map((sql) => [sql, findLacks(sql)]);
    expect(found.filter(([, lacks]) => lacks?.length !== 0)).toEqual([]);
    const columns = await file.warehouse.rows<{ type: string }>(
      `select columns.schema_name || '.' || columns.table_name || '.' || column_name as column,
         data_type as type
       from duckdb_columns() as columns
       inner join duckdb_tables() as tables using (database_name, schema_name, table_name)
       where columns.database_name = current_database()`,
    );
    expect(columns.length).toBeGreaterThan(100);
    // What the rollups would hold by themselves.
    const [sum] = await file.warehouse.rows<{ type: string }>('select typeof(sum(1)) as type');
    expect(sum?.type).toMatch(LACKING_TYPES);
    expect(columns.filter(({ type }) => LACKING_TYPES.test(type))).toEqual([]);
    file.remove();
  }, 120_000);
});

test('an attached catalog becomes what a file becomes, and stays locked', async () => {
  const staging = join(folder.path, 'staging');
  const path = join(folder.path, 'attached.duckdb');
  const place = {
    ...{ kind: 'ducklake' as const, shown: 'attached', extensions: [], secrets: [], purge: [] },
    open: [`attach '${path}' as daybook`, 'use daybook'],
    folders: [],
  };
  file = await createTestWarehouse();
  let attached = await openLocation(place, { staging });
  await liveThrough([file.warehouse, attached]);
  attached.close();
  attached = await openLocation(place, { staging });
  expect(await compareWarehouses(file.warehouse, attached)).toEqual([]);
  await expect(attached.rows(`select * from read_csv('/etc/passwd')`)).rejects.toThrow(/disabled/);
  await expect(attached.run(`attach '${path}.2' as other`)).rejects.toThrow(/disabled/);
  attached.close();
  file.remove();
}, 120_000);

describe('DuckLake with its catalog in Postgres', async () => {
  const missing = await findMissingExtension();

  test.skipIf(missing !== undefined)(
    `becomes what a file becomes${missing === undefined ? '' : ` (skipped: ${missing})`}`,
    async () => {
      const paths = lakePaths();
      await query(books.owner, 'create schema daybook_lake');
      file = await createTestWarehouse();
      let lake = await openWarehouse(paths);
      await liveThrough([file.warehouse, lake]);
      lake.close();
      lake = await openWarehouse(paths);
      expect(await compareWarehouses(file.warehouse, lake)).toEqual([]);
      await bookEvents(books.app, 'a', [{ id: 'late', at: '2025-01-01T10:00:00Z', cost: '1' }]);
      await refreshWarehouse(options(lake));
      expect((await verifyWarehouse({ ...options(lake), deep: true })).failures).toEqual([]);
      lake.close();
      await discardWarehouse(paths);
      lake = await openWarehouse(paths);
      const left =
        'select table_name from duckdb_tables() where database_name = current_database()';
      expect(await lake.rows(left)).toEqual([]);
      lake.close();
      file.remove();
    },
    300_000,
  );
});

function lakePaths(): WarehousePaths {
  const { username, password, hostname, port, pathname } = new URL(books.ownerUrl);
  const data = join(folder.path, 'lake');
  mkdirSync(data, { recursive: true });
  const login = `${username}:${password}@${hostname}:${port}`;
  return {
    ...{ warehouse: '', staging: join(folder.path, 'lake-staging') },
    url: `ducklake:postgres://${login}${pathname}?data_path=${data}`,
    extensionDir: process.env.DUCKDB_EXTENSION_DIR,
  };
}

/** Why DuckLake cannot be tested here; undefined where it can. */
async function findMissingExtension(): Promise<string | undefined> {
  const staging = join(folder.path, 'try');
  const place = {
    ...{ kind: 'ducklake' as const, shown: 'a try', secrets: [], purge: [], folders: [] },
  };
  const dir = process.env.DUCKDB_EXTENSION_DIR;
  const names = ['ducklake', 'postgres'];
  // A test fetches nothing: without a folder they must have been installed before.
  const needed =
    dir === undefined
      ? { extensions: [], open: names.map((name) => `load ${name}`) }
      : { extensions: names, open: [] };
  try {
    (await openLocation({ ...place, ...needed }, { staging, extensionDir: dir })).close();
    return undefined;
  } catch {
    const where = dir === undefined ? 'installed; set DUCKDB_EXTENSION_DIR' : `in ${dir}`;
    return `DuckDB's extensions ducklake and postgres are not ${where}`;
  }
}
