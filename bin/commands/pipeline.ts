// daybook copy | rollup: the steps of a refresh, by hand.
import type { Command } from 'commander';
import { copyBooks } from '../../pipeline/copy.ts';
import { refreshWarehouse } from '../../pipeline/refresh.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';

export function registerPipeline(program: Command): void {
  program
    .command('copy')
    .description('copy what changed from Postgres into the warehouse')
    .action(() =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        const pool = await context.pipelinePool();
        const result = await context.withWarehouse((warehouse) =>
          warehouse.transaction(() => copyBooks(pool, warehouse, context.log)),
        );
        console.log(
          `Copied ${result.copiedRows} rows as of ${result.asOf}${result.isFresh ? ', everything afresh' : ''}.`,
        );
      }),
    );
  program
    .command('rollup')
    .description('copy, rebuild the daily, weekly and monthly rollups, and check them')
    .option('--everything', 'rebuild every day, whatever changed')
    .action(({ everything = false }: { everything?: boolean }) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        const pool = await context.pipelinePool();
        const result = await context.withWarehouse((warehouse) =>
          refreshWarehouse({ pool, warehouse, log: context.log, everything }),
        );
        console.log(
          `Copied ${result.copiedRows} rows as of ${result.asOf}; ${result.rebuiltDays} days rebuilt, all checks passed.`,
        );
      }),
    );
}
