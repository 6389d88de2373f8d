// daybook recipients add | list | remove
import type { Command } from 'commander';
import { PERIOD_KINDS, type PeriodKind } from '../../core/calendar.ts';
import { requireClient } from '../../core/clients.ts';
import { AppError } from '../../core/errors.ts';
import { addRecipient, listRecipients, removeRecipient } from '../../reports/subscriptions.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { printTable } from '../print.ts';

export function registerRecipients(program: Command): void {
  const recipients = program
    .command('recipients')
    .description('who gets a client’s reports by mail');
  recipients
    .command('add <email>')
    .description('add a recipient')
    .requiredOption('--client <id>', 'whose reports')
    .option('--period <kind...>', `which reports: ${PERIOD_KINDS.join(', ')}`, [...PERIOD_KINDS])
    .action((email: string, options: { client: string; period: string[] }) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        await requireClient(await context.pipelinePool(), options.client);
        const periodKinds = options.period.map(parseKind);
        const added = await addRecipient(await context.appPool(), options.client, {
          email,
          periodKinds,
        });
        console.log(added ? `Added ${email}.` : `${email} is there already; nothing was changed.`);
      }),
    );
  recipients
    .command('list')
    .description('list a client’s recipients')
    .requiredOption('--client <id>', 'whose reports')
    .action((options: { client: string }) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        await requireClient(await context.pipelinePool(), options.client);
        const found = await listRecipients(await context.appPool(), options.client);
        printTable(
          ['email', 'reports'],
          found.map(({ email, periodKinds }) => [email, periodKinds.join(', ')]),
        );
      }),
    );
  recipients
    .command('remove <email>')
    .description('remove a recipient; what is still queued for it is not sent')
    .requiredOption('--client <id>', 'whose reports')
    .action((email: string, options: { client: string }) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        await removeRecipient(await context.appPool(), options.client, email, context.now());
        console.log(`Removed ${email}.`);
      }),
    );
}

function parseKind(text: string): PeriodKind {
  const kind = PERIOD_KINDS.find((candidate) => candidate === text);
  if (kind !== undefined) return kind;
  throw new AppError('ERR_USAGE', `"${text}" is no kind of period`, {
    fix: `choose from: ${PERIOD_KINDS.join(', ')}`,
  });
}
