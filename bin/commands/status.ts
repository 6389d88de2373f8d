// daybook status: the newest run of every job, the mails by state, and the texts of each client.
import type { Command } from 'commander';
import { type Pool, query } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { printTable } from '../print.ts';

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('what ran last, what became of the mails, and how the texts stand')
    .action(() =>
      runWithLifecycle(async (lifecycle) => {
        const { now, pipelinePool } = openContext(lifecycle, { quiet: true });
        const pool = await pipelinePool();
        await printRuns(pool);
        console.log('');
        await printDeliveries(pool);
        console.log('');
        await printTexts(pool, now());
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

const DAY_MS = 24 * 3_600_000;

async function printTexts(pool: Pool, now: Date): Promise<void> {
  const sql = loadSql('postgres/queries/select_sms_state');
  const rows = await query(pool, sql, [new Date(now.getTime() - DAY_MS)]);
  printTable(
    [
      ...['client', 'to answer', 'to send', 'uncertain', 'failed in 24 h', 'open errors'],
      ...['last text', 'compared with Twilio'],
    ],
    rows.map((row) => [
      String(row.client_id),
      ...[row.unanswered, row.unsent, row.uncertain, row.failed, row.open_errors].map(String),
      instant(row.last_received_at) || 'none',
      instant(row.reconciled_at) || 'not yet',
    ]),
    'No number takes texts.',
  );
}

function instant(value: unknown): string {
  return value instanceof Date ? value.toISOString().slice(0, 16).replace('T', ' ') : '';
}
