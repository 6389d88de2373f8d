// daybook status: the newest run of every job, and the mails by state.
import type { Command } from 'commander';
import { type Pool, query } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { printTable } from '../print.ts';

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('what ran last and what became of the mails')
    .action(() =>
      runWithLifecycle(async (lifecycle) => {
        const pool = await openContext(lifecycle, { quiet: true }).pipelinePool();
        await printRuns(pool);
        console.log('');
        await printDeliveries(pool);
      }),
    );
}

async function printRuns(pool: Pool): Promise<void> {
  const rows = await query(pool, loadSql('postgres/queries/select_recent_runs'));
  printTable(
    ['job', 'client', 'slot', 'state', 'attempts', 'rows', 'error'],
    rows.map((row) => [
      String(row.job),
      String(row.client_id ?? 'all'),
      instant(row.slot_at),
      String(row.state),
      String(row.attempts),
      String(row.row_count ?? ''),
      String(row.error ?? '').split('\n')[0] ?? '',
    ]),
    'Nothing has run yet.',
  );
}

async function printDeliveries(pool: Pool): Promise<void> {
  const rows = await query(pool, loadSql('postgres/queries/select_recent_deliveries'));
  printTable(
    ['client', 'mails', 'state', 'last sent', 'last answer'],
    rows.map((row) => [
      String(row.client_id),
      String(row.mails),
      String(row.state),
      instant(row.last_sent_at),
      String(row.last_response ?? '').split('\n')[0] ?? '',
    ]),
    'No mail has been queued yet.',
  );
}

function instant(value: unknown): string {
  return value instanceof Date ? value.toISOString().slice(0, 16).replace('T', ' ') : '';
}
