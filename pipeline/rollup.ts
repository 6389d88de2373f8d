// Builds every model from the raw tables and runs the assertions, all in one warehouse transaction:
// readers see either the old figures or the new ones, and never figures that failed a check.
import { AppError, messageOf } from '../core/errors.ts';
import { assertChecks } from './checks.ts';
import { loadModels, type Model } from './models.ts';
import type { Warehouse } from './warehouse.ts';

/** Rebuilds staging, marts and rollups. Throws ERR_CHECK_FAILED and keeps the old on a failure. */
export async function buildRollups(warehouse: Warehouse): Promise<void> {
  const models = await loadModels(warehouse);
  await warehouse.transaction(async () => {
    await dropForgotten(warehouse, models);
    for (const model of models) await build(warehouse, model);
    await assertChecks(warehouse);
  });
}

async function build(warehouse: Warehouse, { kind, table, sql }: Model): Promise<void> {
  try {
    await warehouse.run(`create or replace ${kind} ${table} as ${sql}`);
  } catch (cause) {
    const file = `sql/duckdb/${table.replace('.', '/')}.sql`;
    const problem = messageOf(cause).split('\nin: ')[0];
    throw new AppError('ERR_SQL', `${file}: ${problem}`, {
      fix: 'correct the file and run it again',
    });
  }
}

/** A model whose file is gone must not stay behind: the warehouse is what the files make of the books. */
async function dropForgotten(warehouse: Warehouse, models: Model[]): Promise<void> {
  const known = new Set(models.map(({ table }) => table));
  const found = await warehouse.rows<{ relation: string; kind: string }>(
    `select table_schema || '.' || table_name as relation,
       if(table_type = 'VIEW', 'view', 'table') as kind
     from information_schema.tables
     where table_schema in ('staging', 'marts', 'rollups')`,
  );
  for (const { relation, kind } of found) {
    if (!known.has(relation)) await warehouse.run(`drop ${kind} ${relation}`);
  }
}
