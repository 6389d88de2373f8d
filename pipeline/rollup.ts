// Builds every model from the raw tables and runs the assertions, all in one warehouse transaction:
// readers see either the old figures or the new ones, and never figures that failed a check.
import { assertChecks } from './checks.ts';
import { loadModels } from './models.ts';
import type { Warehouse } from './warehouse.ts';

/** Rebuilds staging, marts and rollups, or throws ERR_CHECK_FAILED and keeps the old ones. */
export async function buildRollups(warehouse: Warehouse): Promise<void> {
  const models = await loadModels(warehouse);
  await warehouse.transaction(async () => {
    for (const { kind, table, sql } of models) {
      await warehouse.run(`create or replace ${kind} ${table} as ${sql}`);
    }
    await assertChecks(warehouse);
  });
}
