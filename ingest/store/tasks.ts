// The tasks: taken by one worker at a time under a lease and a fence, counted against the limit of
// their sender, ended once. Runs inside the caller's transaction; decides nothing.
import { type Connection, query } from '../../core/postgres.ts';
import type { Tier } from '../../core/sms-config.ts';
import { loadSql } from '../../core/sql.ts';
import type { KeywordAction } from '../agent/keywords.ts';
import type { InboundMedia } from '../twilio/inbound-fields.ts';

export interface TaskRow extends Record<string, unknown> {
  task_id: string;
  message_sid: string;
  user_id: string;
  conversation_id: string;
  own_number: string;
  keyword: KeywordAction | null;
  category: string;
  complexity: string;
  attempts: number;
  fence: bigint;
  counted_month: string | null;
  received_at: Date;
  first_taken_at: Date;
  transcripts: Transcripts | null;
}

/** What was said in recordings, by their place among what came with the text. */
export type Transcripts = Record<string, string>;

export interface FactsRow extends Record<string, unknown> {
  body: string | null;
  media: InboundMedia[] | null;
  from_number: string;
  phone: string | null;
  tier: Tier;
  is_active: boolean;
  is_admin: boolean;
  is_executive: boolean;
  monthly_requests: number;
  request_month: string | null;
  limit_told_on: string | null;
  inactive_told_at: Date | null;
  welcomed_at: Date | null;
  forgotten_at: Date | null;
  client_name: string;
  client_time_zone: string;
  locale: string;
  currency: string;
  week_start: number;
  user_time_zone: string | null;
  last_sent: string | null;
  has_opted_in: boolean;
  had_opted_out: boolean;
}

/** Takes the next task that is due, or none; a worker that is gone loses it when the lease ends. */
export async function claimTask(
  connection: Connection,
  clientId: string,
  now: Date,
  leaseMs: number,
): Promise<TaskRow | undefined> {
  const values = [clientId, now, new Date(now.getTime() + leaseMs)];
  const [row] = await query<TaskRow>(connection, loadSql('postgres/queries/claim_task'), values);
  return row;
}

/** A lease as its worker knows it. */
export interface TaskLease {
  taskId: string;
  fence: bigint;
}

/** Prolongs leases; tells which tasks are still their worker's, and which were prolonged. */
export async function renewTasks(
  connection: Connection,
  clientId: string,
  leases: readonly TaskLease[],
  leaseEnd: Date,
): Promise<{ task_id: string; is_renewed: boolean }[]> {
  const [ids, fences] = [leases.map(({ taskId }) => taskId), leases.map(({ fence }) => fence)];
  return query(connection, loadSql('postgres/queries/renew_tasks'), [
    ...[clientId, ids, fences, leaseEnd],
  ]);
}

/** What a task's answer depends on; locks its sender. */
export async function loadFacts(
  connection: Connection,
  clientId: string,
  task: TaskRow,
): Promise<FactsRow> {
  const values = [clientId, task.message_sid, task.user_id];
  const sql = loadSql('postgres/queries/select_task_facts');
  const [row] = await query<FactsRow>(connection, sql, values);
  return row as FactsRow;
}

/** Counts one request of a month; false if the limit (null: none) leaves none. */
export async function takeUnit(
  connection: Connection,
  clientId: string,
  userId: string,
  { month, limit, now }: { month: string; limit: number | null; now: Date },
): Promise<boolean> {
  const values = [clientId, userId, month, limit, now];
  return (await query(connection, loadSql('postgres/queries/take_unit'), values)).length > 0;
}

export async function returnUnit(
  connection: Connection,
  clientId: string,
  userId: string,
  month: string,
): Promise<void> {
  const sql = loadSql('postgres/queries/return_unit');
  await query(connection, sql, [clientId, userId, month]);
}

/** Notes in the task which month it was counted in, so that another try does not count it again. */
export async function noteCounted(
  connection: Connection,
  clientId: string,
  { task_id, fence }: TaskRow,
  month: string,
): Promise<void> {
  const sql = loadSql('postgres/queries/count_task');
  await query(connection, sql, [clientId, task_id, fence, month]);
}

/** What a person was told just now, and is not told again. */
export async function noteTold(
  connection: Connection,
  clientId: string,
  userId: string,
  told: { welcomedAt?: Date | undefined; limitToldOn?: string; inactiveToldAt?: Date },
): Promise<void> {
  const { welcomedAt = null, limitToldOn = null, inactiveToldAt = null } = told;
  const values = [clientId, userId, welcomedAt, limitToldOn, inactiveToldAt];
  await query(connection, loadSql('postgres/queries/note_told'), values);
}

/** How a task ended. */
export interface TaskEnd {
  status: 'answered' | 'failed' | 'ignored';
  /** One word: "answer", "usage", "limit" and so on. */
  outcome: string;
  request?: string | null;
  reply?: string | null;
  rest?: string | null;
  model?: string | null;
  inputTokens?: number | null;
  outputTokens?: number | null;
  processingMs?: number | null;
  isLate?: boolean;
  errorType?: string | null;
  errorMessage?: string | null;
  metadata?: Record<string, unknown> | null;
}

/** Ends a task; false if its lease was lost to another worker, who ends it instead. */
export async function finishTask(
  connection: Connection,
  clientId: string,
  { task_id, fence }: TaskRow,
  end: TaskEnd,
  now: Date,
): Promise<boolean> {
  const { metadata = null } = end;
  const rows = await query(connection, loadSql('postgres/queries/finish_task'), [
    ...[clientId, task_id, fence, end.status, end.outcome, end.request ?? null],
    ...[end.reply ?? null, end.rest ?? null, end.model ?? null, end.inputTokens ?? null],
    ...[end.outputTokens ?? null, end.processingMs ?? null, end.isLate ?? false],
    ...[end.errorType ?? null, end.errorMessage?.slice(0, 500) ?? null, now],
    metadata === null ? null : JSON.stringify(metadata),
  ]);
  return rows.length > 0;
}

/** True while the task is this worker's, and until the transaction ends. */
export async function holdTask(
  connection: Connection,
  clientId: string,
  { task_id, fence }: TaskRow,
): Promise<boolean> {
  const sql = loadSql('postgres/queries/lock_task');
  return (await query(connection, sql, [clientId, task_id, fence])).length > 0;
}

/** Puts back a task whose taking failed and was undone; gives it up after `attemptsMax` tries. */
export async function setTaskAside(
  connection: Connection,
  clientId: string,
  { task_id, fence }: TaskRow,
  { dueAt, attemptsMax, message, now }: SetAside,
): Promise<void> {
  const values = [clientId, task_id, fence - 1n, dueAt, attemptsMax, message.slice(0, 500), now];
  await query(connection, loadSql('postgres/queries/set_aside_task'), values);
}

interface SetAside {
  dueAt: Date;
  attemptsMax: number;
  message: string;
  now: Date;
}

/** Until when a task is put back, why, and what the next try need not do again. */
export interface Postponement {
  dueAt: Date;
  errorType: string | null;
  message: string | null;
  transcripts?: Transcripts;
  /** False for a try that could not even begin. */
  isAttempt?: boolean;
}

/** Puts a task back; false if its lease was lost. */
export async function postponeTask(
  connection: Connection,
  clientId: string,
  { task_id, fence }: TaskRow,
  { dueAt, errorType, message, transcripts = {}, isAttempt = true }: Postponement,
): Promise<boolean> {
  const heard = Object.keys(transcripts).length === 0 ? null : JSON.stringify(transcripts);
  const why = [errorType, message?.slice(0, 500) ?? null];
  const values = [clientId, task_id, fence, dueAt, ...why, heard, isAttempt];
  const rows = await query(connection, loadSql('postgres/queries/postpone_task'), values);
  return rows.length > 0;
}
