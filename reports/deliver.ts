// One message per (revision, recipient), at most once: the claim is committed before the mail goes
// out, and what nobody can know is written down as uncertain, never sent again by itself.

import { isAppError, messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { isUnavailable, type Pool, query, withTransaction } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { type Held, holdRun } from '../pipeline/runs.ts';
import { listArchive, type Revision, readArchived, toRevision } from './archive.ts';
import type { Mailer, SendResult } from './mailer.ts';
import { composeMail, type Mail } from './message.ts';

export interface DeliverDeps {
  pool: Pool;
  archiveDir: string;
  mailer: Mailer;
  mailFrom: string;
  now: () => Date;
  log: Log;
}

export interface DeliveryCounts {
  sent: number;
  retry: number;
  failed: number;
  uncertain: number;
}

interface Claimed extends Record<string, unknown> {
  client_id: string;
  revision_id: string;
  recipient_id: bigint;
  message_id: string;
  attempts: number;
  created_at: Date;
}

const LEASE_MS = 20 * 60_000;
// Wait longer each time; greylisting wants minutes, a full mailbox hours.
const RETRY_MINUTES = [1, 5, 15, 60, 240];
const GIVE_UP_AFTER_MS = 5 * 24 * 3_600_000;

/**
 * Makes a delivery for each recipient of the period's kind who has none for this revision. Of a
 * run that is no longer its holder's it makes none and throws ERR_RUN_LOST.
 */
export async function queueDeliveries(
  { pool, mailFrom, now }: DeliverDeps,
  { content, revisionId }: Revision,
  run?: Held,
): Promise<number> {
  const values = [content.client.id, revisionId, mailFrom.split('@')[1], now()];
  return withTransaction(pool, {}, async (connection) => {
    if (run !== undefined) await holdRun(connection, run);
    const sql = loadSql('postgres/queries/insert_deliveries');
    return (await query(connection, sql, values)).length;
  });
}

/** True when a run that was interrupted had queued its mails: its slot has taken effect already. */
export async function hasQueuedDeliveries(
  { pool }: DeliverDeps,
  clientId: string,
  runId: string,
): Promise<boolean> {
  const sql = loadSql('postgres/queries/select_deliveries_of_run');
  const [row] = await query<{ mails: number }>(pool, sql, [clientId, runId]);
  return (row?.mails ?? 0) > 0;
}

/**
 * Sends everything that is due and returns what became of it; with `onlyClients`, nothing of
 * others, whose mail may have to go another way. Once `stop` is aborted, nothing more is begun.
 */
export async function sendDueDeliveries(
  deps: DeliverDeps,
  onlyClients: string[] | null = null,
  stop?: AbortSignal,
): Promise<DeliveryCounts> {
  const claim = async (which: 'due' | 'stale') =>
    stop?.aborted ? undefined : claimDelivery(deps, which, onlyClients);
  const counts: DeliveryCounts = { sent: 0, retry: 0, failed: 0, uncertain: 0 };
  for (let stale = await claim('stale'); stale !== undefined; stale = await claim('stale')) {
    await settle(deps, stale, await resolveStale(deps, stale), counts);
  }
  for (let next = await claim('due'); next !== undefined; next = await claim('due')) {
    await settle(deps, next, await sendOne(deps, next), counts);
  }
  return counts;
}

async function claimDelivery(
  { pool, now }: DeliverDeps,
  which: 'due' | 'stale',
  onlyClients: string[] | null,
): Promise<Claimed | undefined> {
  const name = which === 'due' ? 'claim_delivery' : 'claim_stale_delivery';
  const values = [now(), new Date(now().getTime() + LEASE_MS), onlyClients];
  const [row] = await query<Claimed>(pool, loadSql(`postgres/queries/${name}`), values);
  return row;
}

async function resolveStale({ mailer }: DeliverDeps, { message_id }: Claimed): Promise<SendResult> {
  const accepted = await mailer.wasAccepted(message_id);
  const response = 'the sender went away in the middle';
  if (accepted === 'unknown') return { outcome: 'uncertain', response };
  return { outcome: accepted ? 'sent' : 'retry', response };
}

async function sendOne(deps: DeliverDeps, claimed: Claimed): Promise<SendResult> {
  try {
    const mail = await composeClaimed(deps, claimed);
    if (mail === undefined) return { outcome: 'failed', response: 'the recipient was removed' };
    return await deps.mailer.send(mail);
  } catch (error) {
    // A changed file stays changed; one that is not here may be on its way from another host.
    const isChanged = isAppError(error, 'ERR_ARCHIVE') && error.details.isChanged === true;
    if (isChanged) return { outcome: 'failed', response: error.message };
    if (isUnavailable(error)) throw error;
    return { outcome: 'retry', response: messageOf(error) };
  }
}

interface MailRow extends Record<string, unknown> {
  content: string;
  revision: number;
  run_id: string;
  as_of: Date;
  created_at: Date;
  email: string;
  removed_at: Date | null;
}

async function composeClaimed(
  { pool, archiveDir, mailFrom }: DeliverDeps,
  { client_id, revision_id, recipient_id, message_id }: Claimed,
): Promise<Mail | undefined> {
  const key = [client_id, revision_id, recipient_id];
  const [row] = await query<MailRow>(pool, loadSql('postgres/queries/select_delivery_mail'), key);
  if (row === undefined || row.removed_at !== null) return undefined;
  const entries = await listArchive(pool, client_id, revision_id);
  const files = await Promise.all(
    entries.map(async (entry) => ({
      format: entry.format,
      name: entry.path.split('/').at(-1) ?? entry.path,
      bytes: await readArchived(archiveDir, entry),
    })),
  );
  const report = toRevision({ ...row, revision_id, content_hash: '' }, false);
  return composeMail(report, { from: mailFrom, to: row.email, messageId: message_id, files });
}

async function settle(
  { pool, now, log }: DeliverDeps,
  claimed: Claimed,
  { outcome, response }: SendResult,
  counts: DeliveryCounts,
): Promise<void> {
  const hasExpired = now().getTime() - claimed.created_at.getTime() > GIVE_UP_AFTER_MS;
  const final = outcome === 'retry' && hasExpired ? 'failed' : outcome;
  const waitMinutes = RETRY_MINUTES[Math.min(claimed.attempts, RETRY_MINUTES.length) - 1] ?? 1;
  await query(pool, loadSql('postgres/queries/finish_delivery'), [
    claimed.client_id,
    claimed.revision_id,
    claimed.recipient_id,
    final === 'retry' ? 'pending' : final,
    response.slice(0, 500),
    new Date(now().getTime() + waitMinutes * 60_000),
    final === 'sent' ? now() : null,
  ]);
  counts[final] += 1;
  // The answer stays in the table: servers repeat the address in it, and logs hold none.
  const code = /^\d{3}/.exec(response)?.[0];
  const fields = { clientId: claimed.client_id, messageId: claimed.message_id, code };
  if (final === 'sent') log.info('mail.sent', fields);
  else log.warn(`mail.${final}`, fields);
}
