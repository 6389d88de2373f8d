// Queues what a person is told of his text, once of each kind: the reply, and before it, where that takes
// long, one text that says so. Sends nothing.
import { type Connection, withTransaction } from '../../core/postgres.ts';
import { queueText, type TextKind } from '../store/outbox.ts';
import { holdTask } from '../store/tasks.ts';
import type { AnswerDeps } from './answer-task.ts';
import { WORKING_TEXT } from './replies.ts';
import type { TakenTask } from './take-task.ts';

export interface Reply {
  kind: TextKind;
  body: string;
}

/** After the first try began, not each. */
const WORKING_AFTER_MS = 20_000;
/** A later try may have the answer at once. */
const LATER_TRY_MS = 2_000;

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

/** Says that it takes long, where it does by now; the task is the caller's. */
export async function queueWorking(
  connection: Connection,
  deps: AnswerDeps,
  taken: TakenTask,
): Promise<void> {
  if (leftOf(deps, taken) > 0) return;
  await queueReply(connection, taken, { kind: 'working', body: WORKING_TEXT }, deps.now());
}

/** One text for whoever waits long; it is sent beside the answer's work and never fails it. */
export function tellIfSlow(deps: AnswerDeps, taken: TakenTask) {
  const { pool, workingAfterMs = WORKING_AFTER_MS } = deps;
  const { clientId, task } = taken;
  const left = leftOf(deps, taken);
  const tell = () =>
    withTransaction(pool, { clientId }, async (connection) => {
      // It may be answered by now, or its sender forgotten.
      if (!(await holdTask(connection, clientId, task))) return;
      await queueReply(connection, taken, { kind: 'working', body: WORKING_TEXT }, deps.now());
    }).catch((error: unknown) => deps.errors.recordThrown(error, idsOf(taken)));
  const start = () => {
    working.sent = tell();
  };
  const afterMs = left > 0 ? left : Math.min(LATER_TRY_MS, workingAfterMs);
  const working = { sent: Promise.resolve(), timer: setTimeout(start, afterMs) };
  return working;
}

function leftOf({ now, workingAfterMs = WORKING_AFTER_MS }: AnswerDeps, { task }: TakenTask) {
  return task.first_taken_at.getTime() + workingAfterMs - now().getTime();
}
