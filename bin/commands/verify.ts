// daybook verify: checks every figure against the books, and says what differs.
import type { Command } from 'commander';
import { verifyWarehouse } from '../../pipeline/verify.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';

export function registerVerify(program: Command): void {
  program
    .command('verify')
    .description('check every day in the warehouse against the books')
    .option('--deep', 'also compute every rollup anew in Postgres and compare row by row')
    .action(({ deep = false }: { deep?: boolean }) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        const pool = await context.pipelinePool();
        const { asOf, days, failures } = await context.withWarehouse((warehouse) =>
          verifyWarehouse({ pool, warehouse, log: context.log, deep }),
        );
        for (const { check, rowCount, firstRows } of failures) {
          console.log(`WRONG   ${check}: ${rowCount} rows`);
          for (const row of firstRows) console.log(`        ${JSON.stringify(row)}`);
        }
        const how = deep ? 'checked and recomputed in Postgres' : 'checked';
        const result = failures.length === 0 ? 'all is well' : `${failures.length} checks failed`;
        console.log(`${days} days ${how} as of ${asOf}: ${result}.`);
        if (failures.length > 0) process.exitCode = 1;
      }),
    );
}
