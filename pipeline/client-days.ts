// The days of each client as the warehouse joins on them. When a client's zone or week changes, its
// rows get their new days and its old figures go.

import { loadSql } from '../core/sql.ts';
import { FACT_TABLES } from './book-tables.ts';
import { isInDay, sameKey } from './load.ts';
import type { Warehouse } from './warehouse.ts';

/** Makes the table anew after a change of clients, zones or the calendar. */
export async function rebuildClientDays(warehouse: Warehouse): Promise<void> {
  await warehouse.run(
    `create or replace temp table client_days_now as ${loadSql('duckdb/calendar/client_days')}`,
  );
  const changed = await warehouse.rows<{ client_id: string }>(
    `select distinct client_id from (
       select * from calendar.client_days except select * from client_days_now
     )`,
  );
  await warehouse.run('create or replace table calendar.client_days as from client_days_now');
  await warehouse.run('drop table client_days_now');
  const lookup = loadSql('duckdb/calendar/utc_days');
  await warehouse.run(`create or replace table calendar.utc_days as ${lookup}`);
  for (const { client_id: clientId } of changed) await redateClient(warehouse, clientId);
}

async function redateClient(warehouse: Warehouse, clientId: string): Promise<void> {
  for (const table of FACT_TABLES) {
    const { name, key, countsAt } = table;
    const keys = [...key, countsAt].map((column) => `rows.${column}`).join(', ');
    await warehouse.run(
      `create or replace temp table dated as
       select ${keys}, days.business_date
       from raw.${name} as rows
       inner join calendar.utc_days as days on ${isInDay('rows', table)}
       where rows.client_id = $clientId::varchar`,
      { clientId },
    );
    const noted = `insert into calendar.changed_days by name
      select client_id, business_date, 'client_zones' as source, 0 as row_count
      from raw.${name} where client_id = $clientId::varchar group by client_id, business_date`;
    await warehouse.run(noted, { clientId });
    await warehouse.run(
      `update raw.${name} set business_date = dated.business_date from dated
       where ${sameKey(table, name, 'dated')} and ${name}.business_date <> dated.business_date`,
    );
    await warehouse.run(noted, { clientId });
  }
  await warehouse.run('drop table dated');
  await forgetFigures(warehouse, clientId);
}

/** A week that began on another day is no period any more, so that no rebuild would replace it. */
async function forgetFigures(warehouse: Warehouse, clientId: string): Promise<void> {
  const tables = await warehouse.rows<{ name: string }>(
    `select schema_name || '.' || table_name as name from duckdb_tables()
     where schema_name in ('marts', 'rollups')`,
  );
  for (const { name } of tables) {
    await warehouse.run(`delete from ${name} where client_id = $clientId::varchar`, { clientId });
  }
}
