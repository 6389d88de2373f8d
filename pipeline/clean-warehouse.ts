// Opens a warehouse that is whole and that no erased person is in. A damaged file is set aside; what is
// deleted from a DuckDB file stays in its free blocks, so the file goes after an erasure. Either way it
// comes back from the books, as it may at any time.
import { renameSync, rmSync } from 'node:fs';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { isUnavailable, type Pool, query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import {
  discardWarehouse,
  type OpenOptions,
  openWarehouse,
  type Warehouse,
  type WarehousePaths,
  warehouseFile,
} from './warehouse.ts';
import { isDamage } from './warehouse-file.ts';

export interface CleanOptions {
  pool: Pool;
  paths: WarehousePaths;
  log: Log;
  /** How long to wait for another holder to leave. */
  busyWaitMs?: number | undefined;
}

/** Opens the warehouse for the length of `work`; one from before the newest erasure is made anew. */
export async function withCleanWarehouse<T>(
  { pool, paths, log, busyWaitMs }: CleanOptions,
  work: (warehouse: Warehouse) => Promise<T>,
): Promise<T> {
  const newest = await findNewestErasure(pool);
  for (;;) {
    const warehouse = await openWhole(paths, log, busyWaitMs === undefined ? {} : { busyWaitMs });
    try {
      if (newest === undefined || (await isClean(warehouse, newest))) return await work(warehouse);
    } catch (error) {
      if (isDamage(error)) setAside(paths, log, error);
      throw error;
    } finally {
      warehouse.close();
    }
    log.info('warehouse.discarded', { reason: 'somebody was erased since it was made' });
    await discardWarehouse(paths);
    const file = warehouseFile(paths);
    if (file !== undefined) rmSync(`${file}.damaged`, { force: true });
  }
}

/** Opens the file, or an empty one where it is damaged. */
async function openWhole(
  paths: WarehousePaths,
  log: Log,
  options: OpenOptions,
): Promise<Warehouse> {
  try {
    return await openWarehouse(paths, options);
  } catch (error) {
    if (!isDamage(error)) throw error;
    setAside(paths, log, error);
    return openWarehouse(paths, options);
  }
}

/** Somebody may want to look at it; one is kept. What machines share is not ours to set aside. */
function setAside(paths: WarehousePaths, log: Log, error: unknown): void {
  const warehouse = warehouseFile(paths);
  if (warehouse === undefined) throw error;
  const keptAs = `${warehouse}.damaged`;
  renameSync(warehouse, keptAs);
  rmSync(`${warehouse}.wal`, { force: true });
  log.warn('warehouse.damaged', {
    ...{ message: messageOf(error).split('\n')[0], keptAs },
    action: 'everything is copied from the books again',
  });
}

/** Empty where nobody was erased yet; undefined while the books are away. */
async function findNewestErasure(pool: Pool): Promise<string | undefined> {
  try {
    const sql = loadSql('postgres/queries/select_newest_erasure');
    const [row] = await query<{ mark: string }>(pool, sql);
    return row?.mark ?? '';
  } catch (error) {
    if (isUnavailable(error)) return undefined;
    throw error;
  }
}

/** The file itself says before which erasure it was made; one that is empty is of this moment. */
async function isClean(warehouse: Warehouse, newest: string): Promise<boolean> {
  const tables = await warehouse.rows<{ name: string }>(
    `select schema_name || '.' || table_name as name from duckdb_tables()
     where database_name = current_database()`,
  );
  const names = tables.map(({ name }) => name);
  const isMarked = names.includes('main.made_after');
  if (isMarked) {
    const [mark] = await warehouse.rows<{ mark: string }>('select * from main.made_after');
    return mark?.mark === newest;
  }
  if (names.length > 0 && newest !== '') return false;
  await warehouse.run('create table main.made_after as select $newest::varchar as mark', {
    newest,
  });
  return true;
}
