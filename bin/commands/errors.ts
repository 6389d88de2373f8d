// daybook errors list | resolve: what went wrong in the SMS agent, and what was done about it
import type { Command } from 'commander';
import { requireClient } from '../../core/clients.ts';
import { AppError } from '../../core/errors.ts';
import { listErrors, resolveErrors } from '../../ingest/store/error-logs.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { printTable } from '../print.ts';

const LISTED_MAX = 50;
const ID_LENGTH = 8;
const MESSAGE_LENGTH = 80;
const NOTES_LENGTH_MAX = 2_000;

export function registerErrors(program: Command): void {
  const errors = program.command('errors').description('what went wrong in the SMS agent');
  errors
    .command('list')
    .description(`list the newest ${LISTED_MAX}`)
    .option('--client <id>', 'of this client only')
    .option('--open', 'only those that nobody has resolved')
    .action((options: { client?: string; open?: boolean }) => list(options));
  errors
    .command('resolve <id>')
    .description('note that an error is dealt with; the first characters of its id will do')
    .requiredOption('--notes <text>', 'what it was and what was done')
    .option('--alike', 'also the open ones before it of the same client, type and code')
    .action((id: string, options: { notes: string; alike?: boolean }) => resolve(id, options));
}

function list({ client, open = false }: { client?: string; open?: boolean }): Promise<void> {
  return runWithLifecycle(async (lifecycle) => {
    const pool = await openContext(lifecycle, { quiet: true }).pipelinePool();
    if (client !== undefined) await requireClient(pool, client);
    const asked = { clientId: client ?? null, isOpenOnly: open, most: LISTED_MAX };
    const { errors, found } = await listErrors(pool, asked);
    printTable(
      ['id', 'when', 'client', 'type', 'code', 'critical', 'message', 'resolved'],
      errors.map((error) => [
        error.errorId.slice(0, ID_LENGTH),
        minute(error.occurredAt),
        error.clientId ?? 'all',
        error.type,
        error.code ?? '',
        error.isCritical ? 'yes' : 'no',
        cut(error.message),
        error.resolvedAt === null ? '' : `${minute(error.resolvedAt)} ${cut(error.notes ?? '')}`,
      ]),
      open ? 'None is open.' : 'There are none.',
    );
    if (found > errors.length) console.log(`… and ${found - errors.length} older ones.`);
  });
}

function resolve(id: string, options: { notes: string; alike?: boolean }): Promise<void> {
  const notes = options.notes.trim();
  if (notes === '' || notes.length > NOTES_LENGTH_MAX) {
    throw new AppError('ERR_USAGE', `--notes must have 1 to ${NOTES_LENGTH_MAX} characters`);
  }
  return runWithLifecycle(async (lifecycle) => {
    const { now, pipelinePool } = openContext(lifecycle, { quiet: true });
    const how = { notes, isForAlike: options.alike ?? false, now: now() };
    const count = await resolveErrors(await pipelinePool(), id.toLowerCase(), how);
    console.log(`Resolved ${count} ${count === 1 ? 'error' : 'errors'}.`);
  });
}

function minute(instant: Date): string {
  return instant.toISOString().slice(0, 16).replace('T', ' ');
}

function cut(text: string): string {
  const line = text.split('\n')[0] ?? '';
  return line.length > MESSAGE_LENGTH ? `${line.slice(0, MESSAGE_LENGTH - 1)}…` : line;
}
