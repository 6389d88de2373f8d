// daybook migrate: brings the books to the newest schema.
import type { Command } from 'commander';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';

export function registerMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the books to the newest schema; safe to run at any time')
    .action(() =>
      runWithLifecycle(async (lifecycle) => {
        const applied = await openContext(lifecycle, { quiet: true }).migrate();
        console.log(
          applied.length === 0 ? 'The books are up to date.' : `Applied: ${applied.join(', ')}`,
        );
      }),
    );
}
