// daybook copy | rollup: the steps of a refresh, by hand.
import type { Command } from 'commander';
import type { RunState } from '../../pipeline/asked-runs.ts';
import { copyBooks } from '../../pipeline/copy.ts';
import { refreshWarehouse } from '../../pipeline/refresh.ts';
import type { Warehouse } from '../../pipeline/warehouse.ts';
import { REBUILD } from '../../reports/handed-kinds.ts';
import { openContext } from '../context.ts';
import { doOrHandOver } from '../hand-over.ts';
import { runWithLifecycle } from '../lifecycle.ts';

export function registerPipeline(program: Command): void {
  program
    .command('copy')
    .description('copy what changed from Postgres into the warehouse')
    .action(() =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        const pool = await context.pipelinePool();
        const handed = { job: 'copy by hand', kind: 'refresh', clientId: null, params: {} };
        const copyHere = async (warehouse: Warehouse) => {
          const copy = () => copyBooks(pool, warehouse, context.log);
          const { copiedRows, asOf, isFresh } = await warehouse.transaction(copy);
          const how = isFresh ? ', everything afresh' : '';
          return `Copied ${copiedRows} rows as of ${asOf}${how}.`;
        };
        console.log(await doOrHandOver(context, handed, copyHere, describeRefresh));
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
        const kind = everything ? REBUILD : 'refresh';
        const handed = { job: 'rollup by hand', kind, clientId: null, params: {} };
        const rollUpHere = async (warehouse: Warehouse) => {
          const options = { pool, warehouse, log: context.log, everything };
          const { copiedRows, asOf, rebuiltDays } = await refreshWarehouse(options);
          return `Copied ${copiedRows} rows as of ${asOf}; ${rebuiltDays} days rebuilt, all checks passed.`;
        };
        const describe = everything ? describeRebuild : describeRefresh;
        console.log(await doOrHandOver(context, handed, rollUpHere, describe));
      }),
    );
}

async function describeRefresh({ rowCount }: RunState): Promise<string> {
  return `The worker copied ${rowCount ?? 0} rows and built upon them, all checks passed.`;
}

async function describeRebuild({ rowCount }: RunState): Promise<string> {
  return `The worker rebuilt ${rowCount ?? 0} days, all checks passed.`;
}
