// daybook import FILE --client C
import type { Command } from 'commander';
import { requireClient } from '../../core/clients.ts';
import { importFile } from '../../ingest/import.ts';
import { createUsageStore } from '../../ingest/store/usage-events.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';

const SHOWN_PROBLEMS_MAX = 20;

export function registerImport(program: Command): void {
  program
    .command('import <file>')
    .description('book the events of an NDJSON or CSV file; can be run again without adding a row')
    .requiredOption('--client <id>', 'whose events they are')
    .action((path: string, options: { client: string }) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        await requireClient(await context.pipelinePool(), options.client);
        const storeUsage = createUsageStore(await context.appPool());
        let shown = 0;
        const counts = await importFile({
          path,
          clientId: options.client,
          storeUsage,
          onBatch: (_counts, problems) => {
            for (const { line, id, problem } of problems) {
              shown += 1;
              if (shown <= SHOWN_PROBLEMS_MAX)
                console.error(`line ${line}${id === null ? '' : ` (${id})`}: ${problem}`);
            }
          },
        });
        if (shown > SHOWN_PROBLEMS_MAX) console.error(`… and ${shown - SHOWN_PROBLEMS_MAX} more`);
        const { accepted, duplicate, conflict, rejected } = counts;
        console.log(
          `${accepted} accepted, ${duplicate} duplicate, ${conflict} conflict, ${rejected} rejected`,
        );
        if (conflict + rejected > 0) process.exitCode = 1;
      }),
    );
}
