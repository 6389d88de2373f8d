// daybook verify: checks every figure against the books, and says what differs.
import type { Command } from 'commander';
import { type Verification, verifyWarehouse } from '../../pipeline/verify.ts';
import type { Warehouse } from '../../pipeline/warehouse.ts';
import { openContext } from '../context.ts';
import { doOrHandOver } from '../hand-over.ts';
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
        const handed = { job: 'verify by hand', kind: 'verify', clientId: null, params: { deep } };
        const how = deep ? 'checked and recomputed in Postgres' : 'checked';
        const verifyHere = async (warehouse: Warehouse) => {
          const found = await verifyWarehouse({ pool, warehouse, log: context.log, deep });
          printVerification(found, how);
        };
        await doOrHandOver(context, handed, verifyHere, async ({ rowCount }) => {
          console.log(`${rowCount ?? 0} days ${how} by the worker: all is well.`);
        });
      }),
    );
}

function printVerification({ asOf, days, failures }: Verification, how: string): void {
  for (const { check, rowCount, firstRows } of failures) {
    console.log(`WRONG   ${check}: ${rowCount} rows`);
    for (const row of firstRows) console.log(`        ${JSON.stringify(row)}`);
  }
  const result = failures.length === 0 ? 'all is well' : `${failures.length} checks failed`;
  console.log(`${days} days ${how} as of ${asOf}: ${result}.`);
  if (failures.length > 0) process.exitCode = 1;
}
