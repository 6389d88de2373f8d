// Builds the models of the days that changed, inside the caller's warehouse transaction: readers see
// either the old figures or the new ones. A full build is the same with every day asked.
import { AppError, messageOf } from '../core/errors.ts';
import { loadSql } from '../core/sql.ts';
import { loadModels, type Model, modelsVersion } from './models.ts';
import type { Warehouse } from './warehouse.ts';

export interface BuildOptions {
  /** Build and check every day anew, whatever changed. */
  everything?: boolean;
}

/** Which days a build is of, in tables that the models join. */
const ASKED = ['touched_days', 'asked_days'];

/**
 * Brings the rollups to the raw tables; returns how many days were rebuilt. Throws ERR_SQL when a
 * model fails.
 */
export async function buildRollups(
  warehouse: Warehouse,
  { everything = false }: BuildOptions = {},
): Promise<number> {
  const isNew = await prepareModels(warehouse);
  if (everything || isNew) {
    await emptyModels(warehouse);
    await askEverything(warehouse);
  }
  await buildTable(warehouse, 'calendar.hourly_days');
  await forgetOldHours(warehouse);
  const days = await countTouchedDays(warehouse);
  if (days === 0) return 0;
  await listAskedDays(warehouse);
  for (const model of await loadModels(warehouse)) await build(warehouse, model);
  return days;
}

/** What changed is built, checked and settled. */
export async function forgetChanges(warehouse: Warehouse): Promise<void> {
  await warehouse.run('truncate calendar.changed_days');
}

/** Makes views and empty tables where the files are others than those that the warehouse is of. */
async function prepareModels(warehouse: Warehouse): Promise<boolean> {
  const version = modelsVersion();
  await warehouse.run('create table if not exists calendar.models (version varchar)');
  const [found] = await warehouse.rows<{ version: string }>('from calendar.models');
  if (found?.version === version) return false;
  await dropModels(warehouse);
  await warehouse.run(
    `create or replace view calendar.period_days as ${loadSql('duckdb/calendar/period_days')}`,
  );
  for (const name of [...ASKED, 'hourly_days']) await buildTable(warehouse, `calendar.${name}`);
  for (const model of await loadModels(warehouse)) await create(warehouse, model);
  await warehouse.run('truncate calendar.models');
  await warehouse.run('insert into calendar.models values ($version::varchar)', { version });
  return true;
}

/** A model whose file is gone must not stay behind: the warehouse is what the files make of the books. */
async function dropModels(warehouse: Warehouse): Promise<void> {
  const found = await warehouse.rows<{ relation: string; kind: string }>(
    `select table_schema || '.' || table_name as relation,
       if(table_type = 'VIEW', 'view', 'table') as kind
     from information_schema.tables
     where table_schema in ('staging', 'marts', 'rollups')`,
  );
  for (const { relation, kind } of found) await warehouse.run(`drop ${kind} ${relation}`);
}

async function emptyModels(warehouse: Warehouse): Promise<void> {
  for (const { lands, table } of await loadModels(warehouse)) {
    if (lands !== 'view') await warehouse.run(`truncate ${table}`);
  }
}

/** Makes every day that has rows one that is asked. */
export async function askEverything(warehouse: Warehouse): Promise<void> {
  await warehouse.run(
    `insert into calendar.changed_days by name ${loadSql('duckdb/calendar/all_days')}`,
  );
}

/** Lists the days whose periods are built or checked, from those that changed. */
export async function listAskedDays(warehouse: Warehouse): Promise<void> {
  for (const name of ASKED) await buildTable(warehouse, `calendar.${name}`);
}

async function countTouchedDays(warehouse: Warehouse): Promise<number> {
  const [row] = await warehouse.rows<{ days: string }>(
    'select count(*) as days from (select distinct client_id, business_date from calendar.changed_days)',
  );
  return Number(row?.days ?? 0);
}

async function buildTable(warehouse: Warehouse, table: string): Promise<void> {
  const sql = loadSql(`duckdb/${table.replace('.', '/')}`);
  await warehouse.run(`create or replace table ${table} as ${sql}`);
}

async function forgetOldHours(warehouse: Warehouse): Promise<void> {
  await warehouse.run(
    `delete from rollups.usage_by_hour as hours where not exists (
       select 1 from calendar.hourly_days as days
       where days.client_id = hours.client_id and days.business_date = hours.period_start
     )`,
  );
}

/** Makes the view, or the table without a row. */
async function create(warehouse: Warehouse, { table, sql, lands }: Model): Promise<void> {
  if (lands === 'view')
    return runModel(warehouse, table, `create or replace view ${table} as ${sql}`);
  await runModel(warehouse, table, `create or replace temp table shape as ${sql} limit 0`);
  // A sum of integers is a HUGEINT, which a warehouse of Parquet files would keep as a float.
  const wide = await warehouse.rows<{ name: string }>(
    `select column_name as name from duckdb_columns()
     where database_name = 'temp' and table_name = 'shape' and data_type = 'HUGEINT'`,
  );
  const casts = wide.map(({ name }) => `${name}::decimal(38, 0) as ${name}`).join(', ');
  const columns = casts === '' ? '*' : `* replace (${casts})`;
  await warehouse.run(`create or replace table ${table} as select ${columns} from shape`);
  await warehouse.run('drop table shape');
}

/** Replaces the rows of the asked days or periods; a view needs nothing. */
async function build(warehouse: Warehouse, { table, sql, lands }: Model): Promise<void> {
  if (lands === 'view') return;
  const asked =
    lands === 'by day'
      ? `select 1 from calendar.touched_days as asked
         where asked.client_id = model.client_id and asked.business_date = model.business_date`
      : `select 1 from calendar.asked_days as asked
         where asked.client_id = model.client_id and asked.period_kind = model.period_kind
           and asked.period_start = model.period_start`;
  await warehouse.run(`delete from ${table} as model where exists (${asked})`);
  const insert = () => runModel(warehouse, table, `insert into ${table} by name ${sql}`);
  await (lands === 'month by month' ? monthByMonth(warehouse, insert) : insert());
}

/** Runs `work` once for the asked periods of each month. */
async function monthByMonth(warehouse: Warehouse, work: () => Promise<void>): Promise<void> {
  await warehouse.run('create or replace temp table all_asked_days as from calendar.asked_days');
  const months = await warehouse.rows<{ month: string }>(
    `select distinct date_trunc('month', period_start)::date as month from all_asked_days`,
  );
  for (const { month } of months) {
    await warehouse.run('truncate calendar.asked_days');
    await warehouse.run(
      `insert into calendar.asked_days from all_asked_days
       where date_trunc('month', period_start)::date = $month::date`,
      { month },
    );
    await work();
  }
  await warehouse.run('create or replace table calendar.asked_days as from all_asked_days');
  await warehouse.run('drop table all_asked_days');
}

async function runModel(warehouse: Warehouse, table: string, statement: string): Promise<void> {
  try {
    await warehouse.run(statement);
  } catch (cause) {
    const file = `sql/duckdb/${table.replace('.', '/')}.sql`;
    const problem = messageOf(cause).split('\nin: ')[0];
    throw new AppError('ERR_SQL', `${file}: ${problem}`, {
      fix: 'correct the file and run it again',
    });
  }
}
