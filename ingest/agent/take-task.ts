// Takes the next task and decides it in one transaction: what is ours to say is queued at once, what a
// model must answer is counted and handed back.
import { messageOf } from '../../core/errors.ts';
import {
  type Connection,
  isUnavailable,
  type Pool,
  query,
  withTransaction,
} from '../../core/postgres.ts';
import { redact } from '../../core/redact.ts';
import type { SmsConfig } from '../../core/sms-config.ts';
import { loadSql } from '../../core/sql.ts';
import { findSuppression, lift } from '../store/consents.ts';
import { forgetUser } from '../store/forget.ts';
import { queueText } from '../store/outbox.ts';
import {
  claimTask,
  type FactsRow,
  finishTask,
  loadFacts,
  noteCounted,
  noteTold,
  setTaskAside,
  type TaskRow,
  takeUnit,
} from '../store/tasks.ts';
import { type BillingMonth, billingMonth } from './billing-month.ts';
import { type Decision, decide } from './decide.ts';
import { readKeyword } from './keywords.ts';
import { welcomeText } from './replies.ts';
import { type Said, saySomething } from './say.ts';

export interface TakeDeps {
  pool: Pool;
  settings: SmsConfig;
  now: () => Date;
}

/** A task that is this worker's until its lease ends. */
export interface TakenTask {
  clientId: string;
  task: TaskRow;
  facts: FactsRow;
  month: BillingMonth;
  takenAt: Date;
}

/** Prolonged while the work lasts; a worker that is gone is missed after it. */
export const TASK_LEASE_MS = 45_000;
const ASIDE_MS = 30_000;
const ASIDE_ATTEMPTS_MAX = 5;

/** "decided" where nothing is left to do; undefined where no task is due. */
export async function takeTask(
  deps: TakeDeps,
  clientId: string,
): Promise<TakenTask | 'decided' | undefined> {
  let claimed: TaskRow | undefined;
  try {
    return await withTransaction(deps.pool, { clientId }, async (connection) => {
      claimed = await claimTask(connection, clientId, deps.now(), TASK_LEASE_MS);
      return claimed === undefined ? undefined : startTask(connection, deps, clientId, claimed);
    });
  } catch (error) {
    if (claimed !== undefined && !isUnavailable(error)) {
      await setAside(deps, clientId, claimed, error);
    }
    throw error;
  }
}

/** Else the oldest task would be taken again and again, and no other. */
async function setAside(
  { pool, now }: TakeDeps,
  clientId: string,
  task: TaskRow,
  error: unknown,
): Promise<void> {
  const instant = now();
  const until = {
    dueAt: new Date(instant.getTime() + ASIDE_MS),
    attemptsMax: ASIDE_ATTEMPTS_MAX,
    message: redact(messageOf(error)),
    now: instant,
  };
  await withTransaction(pool, { clientId }, (connection) =>
    setTaskAside(connection, clientId, task, until),
  );
}

async function startTask(
  connection: Connection,
  deps: TakeDeps,
  clientId: string,
  task: TaskRow,
): Promise<TakenTask | 'decided'> {
  const now = deps.now();
  const facts = await loadFacts(connection, clientId, task);
  const month = billingMonth(now, facts.user_time_zone ?? facts.client_time_zone);
  const taken = { clientId, task, facts, month, takenAt: now };
  const decision = await decideTask(connection, deps, taken);
  if (decision.act !== 'answer') {
    await endWithout(connection, deps, taken, decision);
    return 'decided';
  }
  if (await isCounted(connection, deps, taken)) {
    await welcome(connection, taken);
    return taken;
  }
  const isTold = facts.limit_told_on === month.today;
  const refusal: Decision = isTold
    ? { act: 'ignore', outcome: 'limit' }
    : { act: 'say', outcome: 'limit' };
  await endWithout(connection, deps, taken, refusal);
  return 'decided';
}

async function decideTask(
  connection: Connection,
  { settings }: TakeDeps,
  { clientId, task, facts, takenAt }: TakenTask,
): Promise<Decision> {
  const phone = facts.from_number;
  const suppression = await findSuppression(connection, clientId, phone);
  const text = facts.body ?? '';
  const decision = decide({
    text,
    mediaCount: facts.media?.length ?? 0,
    keyword: task.keyword,
    word: readKeyword(text)?.word ?? null,
    suppression,
    hasOptedIn: facts.has_opted_in,
    hadOptedOut: facts.had_opted_out,
    isActive: facts.is_active,
    isInactiveTold: facts.inactive_told_at !== null,
    isExecutive: facts.is_executive,
    isForgotten: facts.forgotten_at !== null,
    isOwnNumber: await isOwnNumber(connection, phone),
    lastSent: facts.last_sent,
    answersKeywords: settings.answersKeywords,
  });
  // Whoever texts can be texted.
  if (suppression === 'unreachable' && decision.act !== 'ignore') {
    const { message_sid: messageSid } = task;
    const reasons = ['unreachable'] as const;
    const act = { clientId, phone, messageSid, quoted: null, now: takenAt };
    await lift(connection, { ...act, reasons });
  }
  return decision;
}

async function isOwnNumber(connection: Connection, phone: string): Promise<boolean> {
  const sql = loadSql('postgres/queries/select_number_client');
  return (await query(connection, sql, [phone])).length > 0;
}

/** True once the request is counted, which an earlier try may have done; administrators are not. */
async function isCounted(
  connection: Connection,
  { settings }: TakeDeps,
  { clientId, task, facts, month, takenAt }: TakenTask,
): Promise<boolean> {
  if (task.counted_month !== null) return true;
  const limit = facts.is_admin ? null : settings.monthlyLimits[facts.tier];
  const unit = { month: month.key, limit, now: takenAt };
  if (!(await takeUnit(connection, clientId, task.user_id, unit))) return false;
  await noteCounted(connection, clientId, task, month.key);
  return true;
}

/** Ends a task that no model is asked about. */
async function endWithout(
  connection: Connection,
  deps: TakeDeps,
  taken: TakenTask,
  decision: Exclude<Decision, { act: 'answer' }>,
): Promise<void> {
  const { clientId, task, facts, month, takenAt } = taken;
  const { outcome } = decision;
  if (decision.act === 'ignore') {
    // It was being stored while its sender was forgotten, so neither of the two saw the other.
    if (outcome === 'forgotten') await forgetUser(connection, clientId, task, takenAt);
    await finishTask(connection, clientId, task, { status: 'ignored', outcome }, takenAt);
    return;
  }
  if (decision.outcome !== 'stopped') await welcome(connection, taken);
  const said: Said = await saySomething(connection, deps.settings, taken, decision.outcome);
  await queueText(
    connection,
    {
      clientId,
      taskId: task.task_id,
      userId: task.user_id,
      kind: 'notice',
      from: task.own_number,
      to: facts.from_number,
      body: said.text,
      despiteStop: decision.outcome === 'stopped' || decision.outcome === 'forget-me',
    },
    takenAt,
  );
  const told = {
    ...(outcome === 'limit' ? { limitToldOn: month.today } : {}),
    ...(outcome === 'inactive' ? { inactiveToldAt: takenAt } : {}),
  };
  if (Object.keys(told).length > 0) await noteTold(connection, clientId, task.user_id, told);
  const processingMs = deps.now().getTime() - takenAt.getTime();
  const end = { status: 'answered', outcome, rest: said.rest, processingMs } as const;
  await finishTask(connection, clientId, task, end, takenAt);
}

/** The one welcome that a person gets, before whatever is said first. */
async function welcome(
  connection: Connection,
  { clientId, task, facts, takenAt }: TakenTask,
): Promise<void> {
  if (facts.welcomed_at !== null) return;
  const text = {
    clientId,
    taskId: task.task_id,
    userId: task.user_id,
    kind: 'welcome' as const,
    from: task.own_number,
    to: facts.from_number,
    body: welcomeText(facts.client_name),
  };
  await queueText(connection, text, takenAt);
  await noteTold(connection, clientId, task.user_id, { welcomedAt: takenAt });
}
