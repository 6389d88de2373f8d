// The ends of a task that a model was asked about: answered, postponed or failed, with every call booked
// and the reply queued, all in one transaction.
import { setTimeout as wait } from 'node:timers/promises';
import { type Connection, isUnavailable, withTransaction } from '../../core/postgres.ts';
import { noteCapTold, releaseModelCost } from '../store/model-spend.ts';
import {
  finishTask,
  holdTask,
  type Postponement,
  postponeTask,
  returnUnit,
  type TaskEnd,
  type Transcripts,
} from '../store/tasks.ts';
import type { AnswerDeps } from './answer-task.ts';
import type { ErrorType } from './error-log.ts';
import type { NotHeld } from './model-budget.ts';
import { type BookCalls, type ModelCall, prepareCalls } from './model-calls.ts';
import { idsOf, queueReply, queueWorking, type Reply } from './queue-reply.ts';
import { CAPPED_TEXT, FAILED_TEXT } from './replies.ts';
import type { TakenTask } from './take-task.ts';

/** What a try has done so far, whatever becomes of it. */
export interface Tried {
  calls: ModelCall[];
  /** What was written down, by this try and those before it. */
  transcripts: Transcripts;
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
/** For so long an answer that is paid is kept in hand; whoever has the task by then answers anew. */
const BOOKS_AWAY_MAX_MS = 3_600_000;
/** Tries that are under way end within seconds, and give back what they did not need. */
const WAIT_FOR_CAP_MS = 1_000;
/** Its files are fetched anew. */
const WAIT_WITH_MEDIA_MS = 10_000;

/** Ends a task with a reply. */
export async function endTask(
  deps: AnswerDeps,
  taken: TakenTask,
  tried: Tried,
  reply: Reply,
  ending: TaskEnd,
  alsoDo: (connection: Connection) => Promise<void> = async () => undefined,
): Promise<void> {
  const { clientId, task, takenAt } = taken;
  await write(deps, taken, tried, async (connection) => {
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
  tried: Tried,
  { body, ...ending }: TaskEnd & { body: string },
): Promise<void> {
  const { clientId, task, month } = taken;
  const counted = task.counted_month ?? month.key;
  await endTask(deps, taken, tried, { kind: 'notice', body }, ending, (connection) =>
    returnUnit(connection, clientId, task.user_id, counted),
  );
}

/** Ends a try whose next call was not allowed: for the day, or until others give back what they hold. */
export async function endNotHeld(
  deps: AnswerDeps,
  taken: TakenTask,
  tried: Tried,
  { verdict, day }: NotHeld,
): Promise<void> {
  if (verdict === 'lost') return write(deps, taken, tried, async () => undefined);
  if (verdict === 'wait') {
    const hasMedia = (taken.facts.media?.length ?? 0) > 0;
    const waitMs = hasMedia ? WAIT_WITH_MEDIA_MS : WAIT_FOR_CAP_MS;
    const dueAt = new Date(deps.now().getTime() + waitMs);
    return postpone(deps, taken, tried, { dueAt, ...NO_ERROR, isAttempt: false });
  }
  if (verdict === 'client-capped') {
    const message = 'the day’s cap of what the model may cost is reached';
    const of = { clientId: taken.clientId, isCritical: true, message };
    await deps.errors.record({ type: 'system_error', code: 'model_cap', ...of });
  }
  await write(deps, taken, tried, (connection) => endCapped(connection, deps, taken, day));
}

const NO_ERROR = { errorType: null, message: null };

/** One text a day says so; the request is given back each time. */
async function endCapped(
  connection: Connection,
  deps: AnswerDeps,
  taken: TakenTask,
  day: string,
): Promise<void> {
  const { clientId, task, month, takenAt } = taken;
  // The task before its person, as everywhere.
  if (!(await holdTask(connection, clientId, task))) return;
  const now = deps.now();
  const isToTell = await noteCapTold(connection, clientId, task.user_id, day);
  const status = isToTell ? 'answered' : 'ignored';
  const processingMs = now.getTime() - takenAt.getTime();
  await finishTask(connection, clientId, task, { status, outcome: 'capped', processingMs }, now);
  await returnUnit(connection, clientId, task.user_id, task.counted_month ?? month.key);
  if (isToTell) await queueReply(connection, taken, { kind: 'notice', body: CAPPED_TEXT }, now);
}

/** What is away is asked again later; any other failure ends the task. */
export async function endFailedTry(
  deps: AnswerDeps,
  taken: TakenTask,
  tried: Tried,
  failure: TryFailure,
): Promise<void> {
  const now = deps.now();
  const { attempts, received_at: receivedAt } = taken.task;
  const { type: errorType, isTransient, retryAfterMs, isCritical = false } = failure;
  const { code, message, stack } = failure;
  // Another worker has it, and the calls alone are ours.
  if (deps.lost.aborted) return write(deps, taken, tried, async () => undefined);
  if (deps.signal.aborted) {
    return postpone(deps, taken, tried, { dueAt: now, errorType: 'system_error', message });
  }
  await deps.errors.record({ type: errorType, code, message, stack, isCritical, ...idsOf(taken) });
  const isOld = now.getTime() - receivedAt.getTime() > GIVE_UP_AFTER_MS;
  const isHopeless = isOld && attempts >= ATTEMPTS_MIN;
  if (!isTransient || isHopeless) {
    const failed = { status: 'failed', outcome: 'failed', errorType } as const;
    return endUnanswered(deps, taken, tried, {
      ...failed,
      errorMessage: message,
      body: FAILED_TEXT,
    });
  }
  const seconds = RETRY_SECONDS[Math.min(attempts, RETRY_SECONDS.length) - 1] ?? 5;
  const dueAt = new Date(now.getTime() + Math.max(retryAfterMs ?? 0, seconds * 1_000));
  await postpone(deps, taken, tried, { dueAt, errorType, message });
}

async function postpone(
  deps: AnswerDeps,
  taken: TakenTask,
  tried: Tried,
  until: Postponement,
): Promise<void> {
  const { transcripts } = tried;
  await write(deps, taken, tried, async (connection) => {
    const { clientId, task } = taken;
    const isOurs = await postponeTask(connection, clientId, task, { ...until, transcripts });
    // The next try may be far off.
    if (isOurs) await queueWorking(connection, deps, taken);
  });
}

/**
 * Books the calls and whatever else. Calls that were made are paid, also where another worker has
 * taken the task since: then `work` finds its fence gone. While the books are away they are waited
 * for: the answer is in our hands.
 */
async function write(
  { pool, pricesOf, setup, signal }: AnswerDeps,
  taken: TakenTask,
  { calls }: Tried,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  const { clientId, task } = taken;
  const provider = setup?.provider ?? 'openai';
  const giveUpAt = performance.now() + BOOKS_AWAY_MAX_MS;
  let book: BookCalls | undefined;
  for (;;) {
    try {
      // Prices before the transaction: they may need a connection of their own.
      book ??= await prepareCalls({ pricesOf, provider }, taken, calls);
      const bookCalls = book;
      return await withTransaction(pool, { clientId }, async (connection) => {
        await bookCalls(connection);
        await releaseModelCost(connection, clientId, task);
        await work(connection);
      });
    } catch (error) {
      if (!isUnavailable(error) || signal.aborted || performance.now() > giveUpAt) throw error;
      await wait(BOOKS_AWAY_WAIT_MS);
    }
  }
}
