// daybook retention list | set | run: how long words are kept, and what goes tonight.
import type { Command } from 'commander';
import { requireClient } from '../../core/clients.ts';
import { applyRetention, listPolicies, setPolicy } from '../../pipeline/retention.ts';
import { RETENTION_KINDS } from '../../pipeline/retention-kinds.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { printTable } from '../print.ts';

export function registerRetention(program: Command): void {
  const retention = program
    .command('retention')
    .description('how long words, media, errors and runs are kept; usage rows are kept for good');
  retention
    .command('list')
    .description('how many days each client keeps what')
    .option('--client <id>', 'of one client')
    .action(({ client }: { client?: string }) => list(client));
  retention
    .command('set')
    .description('keep a kind of data of a client for another time')
    .requiredOption('--client <id>', 'whose data')
    .requiredOption('--kind <kind>', Object.keys(RETENTION_KINDS).join(', '))
    .requiredOption('--days <days>', 'a number of days, forever, or default')
    .action((options: { client: string; kind: string; days: string }) => set(options));
  retention
    .command('run')
    .description('empty what is too old, as the worker does each night at 03:30 UTC')
    .option('--dry-run', 'only count what would go')
    .action(({ dryRun = false }: { dryRun?: boolean }) => run(dryRun));
}

function list(client: string | undefined): Promise<void> {
  return runWithLifecycle(async (lifecycle) => {
    const pool = await openContext(lifecycle, { quiet: true }).pipelinePool();
    if (client !== undefined) await requireClient(pool, client);
    const policies = (await listPolicies(pool)).filter(
      ({ clientId }) => client === undefined || clientId === client,
    );
    printTable(
      ['client', 'kind', 'days', '', 'what it is'],
      policies.map(({ clientId, kind, days, isDefault }) => [
        clientId ?? '(of none)',
        kind,
        days === null ? 'for good' : String(days),
        isDefault ? 'default' : 'own',
        RETENTION_KINDS[kind]?.says ?? '',
      ]),
    );
  });
}

function set(options: { client: string; kind: string; days: string }): Promise<void> {
  return runWithLifecycle(async (lifecycle) => {
    const context = openContext(lifecycle, { quiet: true });
    const { clientId } = await requireClient(await context.pipelinePool(), options.client);
    await setPolicy(await context.appPool(), { ...options, clientId });
    const days = /^\d+$/.test(options.days) ? `${options.days} days` : options.days;
    console.log(`${clientId} keeps ${options.kind}: ${days}.`);
  });
}

function run(isDryRun: boolean): Promise<void> {
  return runWithLifecycle(async (lifecycle) => {
    const { pipelinePool, now } = openContext(lifecycle, { quiet: true });
    const expired = await applyRetention({ pool: await pipelinePool(), now: now(), isDryRun });
    printTable(
      ['client', 'kind', 'table', 'kept days', isDryRun ? 'would go' : 'gone', 'oldest'],
      expired.map(({ clientId, kind, table, days, rows, oldestAt }) => [
        clientId ?? '(of none)',
        kind,
        table,
        String(days),
        String(rows),
        oldestAt.toISOString().slice(0, 10),
      ]),
      'Nothing is too old.',
    );
  });
}
