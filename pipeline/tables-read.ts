// Which tables a select reads, by DuckDB's own parser; runs nothing of it.
import { AppError } from '../core/errors.ts';
import type { Warehouse } from './warehouse.ts';

/** The schema-qualified tables that a select reads, found by DuckDB's own parser. */
export async function tablesRead(warehouse: Warehouse, sql: string): Promise<string[]> {
  const [row] = await warehouse.rows<{ tree: string }>(
    'select json_serialize_sql($sql::varchar) as tree',
    { sql },
  );
  const tree = JSON.parse(row?.tree ?? '{}') as { error?: boolean; error_message?: string };
  if (tree.error)
    throw new AppError('ERR_SQL', `DuckDB cannot parse: ${tree.error_message}\n${sql}`);
  const found = new Set<string>();
  collectTables(tree, found);
  return [...found].sort();
}

function collectTables(node: unknown, found: Set<string>): void {
  if (typeof node !== 'object' || node === null) return;
  const { type, schema_name: schema, table_name: table } = node as Record<string, unknown>;
  if (type === 'BASE_TABLE' && schema !== '') found.add(`${schema}.${table}`);
  for (const child of Object.values(node)) collectTables(child, found);
}
