// daybook status: how far the data reach and whether they hold, the newest run of every job, the mails
// by state, and the texts of each client.
import type { Command } from 'commander';
import { isAppError } from '../../core/errors.ts';
import { type Pool, query } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { readCopyState } from '../../pipeline/copy.ts';
import { type Context, openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { printTable } from '../print.ts';

const DAY_MS = 24 * 3_600_000;

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('how fresh the data are, what ran last, what became of mails and texts')
    .action(() =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        const { now } = context;
        const pool = await context.pipelinePool();
        console.log(await describeFreshness(context, pool));
        await printChecks(pool);
        console.log('');
        await printRestatements(pool, now());
        console.log('');
        await printRuns(pool);
        console.log('');
        await printDeliveries(pool);
        console.log('');
        await printTexts(pool, now());
      }),
    );
}

/** What the file says; while somebody holds it, when it was last refreshed. */
async function describeFreshness({ withWarehouse }: Context, pool: Pool): Promise<string> {
  try {
    const state = await withWarehouse(readCopyState, { busyWaitMs: 0 });
    if (state !== undefined) return `The warehouse has the data as of ${utc(state.as_of)} UTC.`;
  } catch (error) {
    if (isAppError(error, 'ERR_WAREHOUSE_BUSY')) {
      const [row] = await query(pool, loadSql('postgres/queries/select_last_refresh'));
      const last = instant(row?.finished_at);
      const when = last === '' ? 'No refresh has ended yet' : `It was last refreshed ${last} UTC`;
      return `A worker holds the warehouse. ${when}.`;
    }
    // Without a table yet, nothing was copied.
    if (!isAppError(error, 'ERR_SQL')) throw error;
  }
  return 'Nothing was copied into the warehouse yet.';
}

async function printChecks(pool: Pool): Promise<void> {
  const rows = await query(pool, loadSql('postgres/queries/select_open_checks'));
  printTable(
    ['check that fails', 'since', 'last failed', 'rows'],
    rows.map((row) => [
      String(row.check_name),
      instant(row.failed_at),
      instant(row.last_failed_at),
      String(row.row_count),
    ]),
    'No check fails.',
  );
}

async function printRestatements(pool: Pool, now: Date): Promise<void> {
  const since = new Date(now.getTime() - 7 * DAY_MS);
  const rows = await query(pool, loadSql('postgres/queries/select_recent_restatements'), [since]);
  printTable(
    ['client', 'restated', 'figures', 'rows', 'because of', 'last'],
    rows.map((row) => [
      String(row.client_id),
      `${row.period_kind} ${row.period_start}`,
      String(row.figures),
      String(row.row_count),
      String(row.reasons),
      instant(row.last_at),
    ]),
    'No figure of a closed period was restated in the last 7 days.',
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

function utc(instantText: string): string {
  return instant(new Date(instantText));
}

function instant(value: unknown): string {
  return value instanceof Date ? value.toISOString().slice(0, 16).replace('T', ' ') : '';
}
