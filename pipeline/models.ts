// The models: every select under sql/duckdb/{staging,marts,rollups}, in an order derived from the
// tables each one reads.
import { AppError } from '../core/errors.ts';
import { listSql, loadSql } from '../core/sql.ts';
import { tablesRead, type Warehouse } from './warehouse.ts';

export interface Model {
  /** Schema-qualified, such as `rollups.usage_by_day`. */
  table: string;
  sql: string;
  kind: 'view' | 'table';
  reads: string[];
}

const LAYERS = [
  { schema: 'staging', kind: 'view' },
  { schema: 'marts', kind: 'table' },
  { schema: 'rollups', kind: 'table' },
] as const;

/** Loads all models, each after those it reads. */
export async function loadModels(warehouse: Warehouse): Promise<Model[]> {
  const models: Model[] = [];
  for (const { schema, kind } of LAYERS) {
    for (const name of listSql(`duckdb/${schema}`)) {
      const sql = loadSql(name);
      const table = `${schema}.${name.split('/').at(-1)}`;
      models.push({ table, sql, kind, reads: await tablesRead(warehouse, sql) });
    }
  }
  return inBuildOrder(models);
}

/** Sorts models so that each stands after those it reads. Throws ERR_SQL on a circle. */
export function inBuildOrder(models: Model[]): Model[] {
  const waiting = new Map(models.map((model) => [model.table, model]));
  const ordered: Model[] = [];
  while (waiting.size > 0) {
    const ready = [...waiting.values()].filter(
      (model) => !model.reads.some((table) => waiting.has(table)),
    );
    if (ready.length === 0) {
      throw new AppError(
        'ERR_SQL',
        `these models read each other: ${[...waiting.keys()].join(', ')}`,
      );
    }
    for (const model of ready) {
      waiting.delete(model.table);
      ordered.push(model);
    }
  }
  return ordered;
}
