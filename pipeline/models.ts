// The models: every select under sql/duckdb/{staging,marts,rollups}, in an order derived from the
// tables each one reads.
import { createHash } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import { listSql, loadSql } from '../core/sql.ts';
import { tablesRead } from './tables-read.ts';
import type { Warehouse } from './warehouse.ts';

/**
 * How a select becomes a relation: a view, or a table of which the rows of the touched days, or of
 * the asked periods, are replaced; month by month where the select keeps all its values in memory.
 * A file says so in its header where its layer does not.
 */
export type Landing = 'view' | 'by day' | 'by period' | 'month by month';
const LANDINGS: readonly Landing[] = ['view', 'by day', 'by period', 'month by month'];

export interface Model {
  /** Schema-qualified, such as `rollups.usage_by_day`. */
  table: string;
  sql: string;
  lands: Landing;
  reads: string[];
}

const LAYERS = [
  { schema: 'staging', usual: 'view' },
  { schema: 'marts', usual: 'view' },
  { schema: 'rollups', usual: 'by period' },
] as const;

/** Differs when any model does. */
export function modelsVersion(): string {
  const names = LAYERS.flatMap(({ schema }) => listSql(`duckdb/${schema}`));
  const hash = createHash('sha256');
  for (const name of names) hash.update(`${name}\n${loadSql(name)}\n`);
  return hash.digest('hex');
}

/** Loads all models, each after those it reads. */
export async function loadModels(warehouse: Warehouse): Promise<Model[]> {
  const models: Model[] = [];
  for (const { schema, usual } of LAYERS) {
    for (const name of listSql(`duckdb/${schema}`)) {
      const sql = loadSql(name);
      const table = `${schema}.${name.split('/').at(-1)}`;
      const lands = readLanding(table, sql) ?? usual;
      models.push({ table, sql, lands, reads: await tablesRead(warehouse, sql) });
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

function readLanding(table: string, sql: string): Landing | undefined {
  const told = /^-- lands: (.*)$/m.exec(sql)?.[1];
  if (told === undefined) return undefined;
  const landing = LANDINGS.find((known) => known === told);
  if (landing !== undefined) return landing;
  throw new AppError('ERR_SQL', `${table} lands "${told}", which is no way to land`, {
    fix: `write one of: ${LANDINGS.join(', ')}`,
  });
}
