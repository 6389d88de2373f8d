// The ends of a task that a model was asked about: answered, postponed or failed, with every call booked
// and the reply queued, all in one transaction.
import { setTimeout as wait } from 'node:timers/promises';
import { type Connection, isUnavailable, withTransaction } from '../../core/postgres.ts';
import { queueText, type TextKind } from '../store/outbox.ts';
import { finishTask, postponeTask, returnUnit, type TaskEnd } from '../store/tasks.ts';
import type { AnswerDeps } from './answer-task.ts';
import type { ErrorType } from './error-log.ts';
import { type BookCalls, type ModelCall, prepareCalls } from './model-calls.ts';
import { FAILED_TEXT } from './replies.ts';
import { TASK_LEASE_MS, type TakenTask } from './take-task.ts';

export interface Reply {
  kind: TextKind;
  body: string;
}

/** Why a try gave no answer. */
export interface TryFailure {
  type: ErrorType;
  /** True where the same may succeed later. */
  isTransient: boolean;
  retryAfterMs: number | null;
  isCritical?: boolean;
  code: string | null;
  message: string;
  stack: string | undefined;
}

/** An answer after this is of no use to anybody. */
const GIVE_UP_AFTER_MS = 24 * 3_600_000;
/** More than an hour of them: a text may have been found late, by Twilio's list. */
const ATTEMPTS_MIN = 20;
const RETRY_SECONDS = [5, 15, 30, 60, 120, 300];
const BOOKS_AWAY_WAIT_MS = 1_000;

/** Ends a task with a reply. */
export async function endTask(
  deps: AnswerDeps,
  taken: TakenTask,
  calls: readonly ModelCall[],
  reply: Reply,
  ending: TaskEnd,
  alsoDo: (connection: Connection) => Promise<void> = async () => undefined,
): Promise<void> {
  const { clientId, task, takenAt } = taken;
  await write(deps, taken, calls, async (connection) => {
    const now = deps.now();
    const processingMs = now.getTime() - takenAt.getTime();
    const isOurs = await finishTask(connection, clientId, task, { ...ending, processingMs }, now);
    if (!isOurs) return;
    await alsoDo(connection);
    await queueReply(connection, taken, reply, now);
  });
}

/** Ends a task without an answer: the person is told, and the request is not counted. */
export async function endUnanswered(
  deps: AnswerDeps,
  taken: TakenTask,
  calls: readonly ModelCall[],
  { body, ...ending }: TaskEnd & { body: string },
): Promise<void> {
  const { clientId, task, month } = taken;
  const counted = task.counted_month ?? month.key;
  await endTask(deps, taken, calls, { kind: 'notice', body }, ending, (connection) =>
    returnUnit(connection, clientId, task.user_id, counted),
  );
}

/** What is away is asked again later; any other failure ends the task. */
export async function endFailedTry(
  deps: AnswerDeps,
  taken: TakenTask,
  calls: readonly ModelCall[],
  failure: TryFailure,
): Promise<void> {
  const now = deps.now();
  const { attempts, received_at: receivedAt } = taken.task;
  const { type: errorType, isTransient, retryAfterMs, isCritical = false } = failure;
  const { code, message, stack } = failure;
  if (deps.signal.aborted) {
    return postpone(deps, taken, calls, { dueAt: now, errorType: 'system_error', message });
  }
  await deps.errors.record({ type: errorType, code, message, stack, isCritical, ...idsOf(taken) });
  const isOld = now.getTime() - receivedAt.getTime() > GIVE_UP_AFTER_MS;
  const isHopeless = isOld && attempts >= ATTEMPTS_MIN;
  if (!isTransient || isHopeless) {
    const failed = { status: 'failed', outcome: 'failed', errorType } as const;
    return endUnanswered(deps, taken, calls, {
      ...failed,
      errorMessage: message,
      body: FAILED_TEXT,
    });
  }
  const seconds = RETRY_SECONDS[Math.min(attempts, RETRY_SECONDS.length) - 1] ?? 5;
  const dueAt = new Date(now.getTime() + Math.max(retryAfterMs ?? 0, seconds * 1_000));
  await postpone(deps, taken, calls, { dueAt, errorType, message });
}

/** Queues a text to whoever sent the task, once of each kind. */
export async function queueReply(
  connection: Connection,
  { clientId, task, facts }: TakenTask,
  { kind, body }: Reply,
  now: Date,
): Promise<void> {
  const { task_id: taskId, user_id: userId, own_number: from } = task;
  const text = { clientId, taskId, userId, kind, from, to: facts.from_number, body };
  await queueText(connection, text, now);
}

/** What names a task in the error log. */
export function idsOf({ clientId, task }: TakenTask) {
  return { clientId, taskId: task.task_id, userId: task.user_id };
}

async function postpone(
  deps: AnswerDeps,
  taken: TakenTask,
  calls: readonly ModelCall[],
  until: { dueAt: Date; errorType: string; message: string },
): Promise<void> {
  await write(deps, taken, calls, async (connection) => {
    await postponeTask(connection, taken.clientId, taken.task, until);
  });
}

/**
 * Books the calls and whatever else. Calls that were made are paid, also where another worker has
 * taken the task since. While the books are away they are waited for: the answer is in our hands.
 */
async function write(
  { pool, pricesOf, setup, signal }: AnswerDeps,
  taken: TakenTask,
  calls: readonly ModelCall[],
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  const provider = setup?.provider ?? 'openai';
  const giveUpAt = performance.now() + TASK_LEASE_MS;
  let book: BookCalls | undefined;
  for (;;) {
    try {
      // Prices before the transaction: they may need a connection of their own.
      book ??= await prepareCalls({ pricesOf, provider }, taken, calls);
      const bookCalls = book;
      return await withTransaction(pool, { clientId: taken.clientId }, async (connection) => {
        await bookCalls(connection);
        await work(connection);
      });
    } catch (error) {
      if (!isUnavailable(error) || signal.aborted || performance.now() > giveUpAt) throw error;
      await wait(BOOKS_AWAY_WAIT_MS);
    }
  }
}
