// Brings one raw table up to date from a file of rows: only rows that differ from what is there are
// replaced, and the day of each, before and after, is noted as changed.
import type { BookTable, FactTable } from './book-tables.ts';
import type { Warehouse } from './warehouse.ts';

export interface Loader {
  /** Brings in the rows of one file. */
  load(file: string): Promise<void>;
  /** Ends the table; true if any row differed from what was there. */
  finish(): Promise<boolean>;
}

/** Prepares to load a table. All names come from our own list and the warehouse's catalog. */
export async function createLoader(
  warehouse: Warehouse,
  table: BookTable | FactTable,
): Promise<Loader> {
  const incoming = await incomingRows(warehouse, table);
  const { name } = table;
  const isEmpty = !(await hasRows(warehouse, `raw.${name}`));
  let isChanged = false;
  if (!isEmpty) {
    return {
      load: async (file) => {
        if (await loadDifferent(warehouse, table, { incoming, file })) isChanged = true;
      },
      finish: async () => isChanged,
    };
  }
  return {
    // Keys are unique in one snapshot, so that rows of an empty table need no comparison.
    load: (file) => warehouse.run(`insert into raw.${name} by name ${incoming}`, { file }),
    finish: async () => {
      if (isFact(table)) await noteChanges(warehouse, table, `raw.${name}`);
      return hasRows(warehouse, `raw.${name}`);
    },
  };
}

async function loadDifferent(
  warehouse: Warehouse,
  table: BookTable | FactTable,
  { incoming, file }: { incoming: string; file: string },
): Promise<boolean> {
  const { name } = table;
  await warehouse.run(`create or replace temp table incoming as ${incoming}`, { file });
  const same = sameKey(table, name, 'incoming');
  await warehouse.run(`create or replace temp table changed as
    select * from incoming
    except select * from raw.${name} where exists (select 1 from incoming where ${same})`);
  const isChanged = await hasRows(warehouse, 'changed');
  if (isChanged) await replaceRows(warehouse, table);
  await warehouse.run('drop table incoming');
  await warehouse.run('drop table changed');
  return isChanged;
}

async function hasRows(warehouse: Warehouse, relation: string): Promise<boolean> {
  const sql = `select exists (select 1 from ${relation}) as found`;
  const [row] = await warehouse.rows<{ found: boolean }>(sql);
  return row?.found === true;
}

/** Notes the days of some rows of a table as changed. */
export async function noteChanges(
  warehouse: Warehouse,
  { name }: FactTable,
  rows: string,
): Promise<void> {
  await warehouse.run(
    `insert into calendar.changed_days by name
     select client_id, business_date, $source::varchar as source, count(*) as row_count
     from ${rows} group by client_id, business_date`,
    { source: name },
  );
}

/** `one.a = other.a and …` over a table's key; with the time, where a search by time is faster. */
export function sameKey(table: BookTable | FactTable, one: string, other: string): string {
  const columns = isFact(table) && table.isFixed ? [...table.key, table.countsAt] : table.key;
  return columns.map((column) => `${one}.${column} = ${other}.${column}`).join(' and ');
}

/** Joins rows of a fact with `calendar.utc_days as days`: at most one holds their instant. */
export function isInDay(rows: string, { countsAt }: FactTable): string {
  const instant = `${rows}.${countsAt}`;
  return `${rows}.client_id = days.client_id and ${instant}::date = days.utc_date
    and ${instant} >= days.starts_at and ${instant} < days.ends_at`;
}

export function isFact(table: BookTable | FactTable): table is FactTable {
  return 'countsAt' in table;
}

async function replaceRows(warehouse: Warehouse, table: BookTable | FactTable): Promise<void> {
  const { name } = table;
  const same = sameKey(table, name, 'changed');
  if (isFact(table)) {
    const before = `(select client_id, business_date from raw.${name}
      where exists (select 1 from changed where ${same}))`;
    await noteChanges(warehouse, table, before);
    await noteChanges(warehouse, table, 'changed');
  }
  await warehouse.run(`delete from raw.${name} using changed where ${same}`);
  await warehouse.run(`insert into raw.${name} by name select * from changed`);
}

/** Reads $file as Postgres writes CSV: null is nothing, and an empty text is "". */
export function readCsv(types: string[]): string {
  return `read_csv($file::varchar, columns = {${types.join(', ')}}, header = false, delim = ',',
    quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, auto_detect = false)`;
}

/** The select that reads a file of rows; those of a fact with the day that they count on. */
async function incomingRows(warehouse: Warehouse, table: BookTable | FactTable): Promise<string> {
  const columns = await warehouse.rows<{ column_name: string; data_type: string }>(
    `select column_name, data_type from duckdb_columns()
     where schema_name = 'raw' and table_name = $name::varchar order by column_index`,
    { name: table.name },
  );
  const types = columns
    .filter(({ column_name }) => column_name !== 'business_date')
    .map(({ column_name, data_type }) => `'${column_name}': '${data_type}'`);
  const csv = readCsv(types);
  if (!isFact(table)) return `select * from ${csv}`;
  return `select rows.*, days.business_date
    from ${csv} as rows
    left join calendar.utc_days as days on ${isInDay('rows', table)}`;
}
