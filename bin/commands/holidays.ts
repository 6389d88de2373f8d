// daybook holidays add | list | remove: the days on which a client does no business.
import type { Command } from 'commander';
import { requireClient } from '../../core/clients.ts';
import { addHolidays, listHolidays, removeHolidays } from '../../pipeline/holidays.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { printTable } from '../print.ts';

export function registerHolidays(program: Command): void {
  const holidays = program
    .command('holidays')
    .description('days without business: jobs may skip or move them, LW comes before them');
  holidays
    .command('add <dates...>')
    .description('add days such as 2026-12-25')
    .requiredOption('--client <id>', 'whose')
    .option('--name <text>', 'what they are', 'holiday')
    .action((dates: string[], options: { client: string; name: string }) =>
      withClient(options.client, async (app) => {
        await addHolidays(app, options.client, dates, options.name);
        console.log(`Added ${dates.join(', ')}.`);
      }),
    );
  holidays
    .command('list')
    .description('list a client’s holidays')
    .requiredOption('--client <id>', 'whose')
    .action((options: { client: string }) =>
      withClient(options.client, async (app) => {
        const found = await listHolidays(app, options.client);
        printTable(
          ['date', 'name'],
          found.map(({ date, name }) => [date, name]),
        );
      }),
    );
  holidays
    .command('remove <dates...>')
    .description('remove days')
    .requiredOption('--client <id>', 'whose')
    .action((dates: string[], options: { client: string }) =>
      withClient(options.client, async (app) => {
        const count = await removeHolidays(app, options.client, dates);
        console.log(`Removed ${count} of ${dates.length}.`);
      }),
    );
}

type AppPool = Parameters<typeof listHolidays>[0];

function withClient(clientId: string, work: (app: AppPool) => Promise<void>): Promise<void> {
  return runWithLifecycle(async (lifecycle) => {
    const context = openContext(lifecycle, { quiet: true });
    await requireClient(await context.pipelinePool(), clientId);
    await work(await context.appPool());
  });
}
