// Answers a task that was taken: reads its media, asks the model, books every call that was made and
// queues the reply, all of that once. A model that is away makes the answer late, not lost.
import { messageOf } from '../../core/errors.ts';
import { type Connection, query, withTransaction } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import type { PricesOf } from '../pricing/costing.ts';
import { queueText, type TextKind } from '../store/outbox.ts';
import { finishTask, postponeTask, returnUnit, type TaskEnd } from '../store/tasks.ts';
import { cutToSegments } from '../texts/cut.ts';
import type { TwilioApi } from '../twilio/api.ts';
import type { ErrorLog } from './error-log.ts';
import { type Model, ModelError } from './model.ts';
import {
  bookCalls,
  callOfAnswer,
  callOfError,
  callOfTranscription,
  type ModelCall,
} from './model-calls.ts';
import {
  outputTokensMax,
  readableAnswer,
  rememberTurns,
  systemPrompt,
  type Turn,
} from './prompt.ts';
import { type ReadMedia, readMedia } from './read-media.ts';
import {
  FAILED_TEXT,
  LATE_PREFIX,
  NO_MODEL_TEXT,
  UNREADABLE_MEDIA_TEXT,
  WORKING_TEXT,
} from './replies.ts';
import { MORE_SUFFIX } from './say.ts';
import type { TakeDeps, TakenTask } from './take-task.ts';

/** The language model, and in whose name its calls are booked. */
export interface ModelSetup {
  model: Model;
  provider: string;
  name: string;
}

export interface AnswerDeps extends TakeDeps {
  /** Undefined without an API key: then a fixed text says so. */
  setup: ModelSetup | undefined;
  twilio: Pick<TwilioApi, 'fetchMedia'>;
  pricesOf: PricesOf;
  errors: ErrorLog;
  /** What must never stand in an answer. */
  secrets: readonly string[];
  signal: AbortSignal;
  /** When "still working on it" is sent. */
  workingAfterMs?: number;
}

const WORKING_AFTER_MS = 20_000;
const LATE_AFTER_MS = 10 * 60_000;
/** An answer after this is of no use to anybody. */
const GIVE_UP_AFTER_MS = 24 * 3_600_000;
const RETRY_SECONDS = [5, 15, 30, 60, 120, 300];

/** Answers, postpones or fails the task; throws only when the books cannot be written. */
export async function answerTask(deps: AnswerDeps, taken: TakenTask): Promise<void> {
  const { setup } = deps;
  if (setup === undefined) {
    const told = { status: 'answered', outcome: 'no-model', body: NO_MODEL_TEXT } as const;
    return endUnanswered(deps, taken, [], told);
  }
  const calls: ModelCall[] = [];
  const working = tellIfSlow(deps, taken);
  try {
    await answerWith(deps, setup, taken, calls);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    await endFailedTry(deps, setup, taken, calls, error);
  } finally {
    clearTimeout(working.timer);
    await working.sent;
  }
}

async function answerWith(
  deps: AnswerDeps,
  setup: ModelSetup,
  taken: TakenTask,
  calls: ModelCall[],
): Promise<void> {
  const { facts, task } = taken;
  const media = await readMedia(facts.media ?? [], {
    ...{ twilio: deps.twilio, model: setup.model, signal: deps.signal },
    onCall: (spoken) => calls.push(callOfTranscription(spoken, deps.now())),
  });
  const request = requestOf(facts.body ?? '', media);
  if (request === '' && media.images.length === 0) {
    const told = { status: 'answered', outcome: 'unreadable-media' } as const;
    return endUnanswered(deps, taken, calls, { ...told, body: UNREADABLE_MEDIA_TEXT });
  }
  const segmentsMax = deps.settings.segmentCaps[facts.tier];
  const askedAt = deps.now();
  const answer = await setup.model.answer({
    system: systemPrompt(deps.settings.systemPrompt, segmentsMax),
    turns: [...(await loadTurns(deps, taken)), { role: 'user', text: request }],
    images: media.images,
    outputTokensMax: outputTokensMax(segmentsMax),
    signal: deps.signal,
  });
  const call = callOfAnswer(answer, setup.name, askedAt);
  calls.push(call);
  const isLate = deps.now().getTime() - task.received_at.getTime() > LATE_AFTER_MS;
  const readable = readableAnswer(answer.text, deps.secrets);
  if (readable === '') {
    const failed = { status: 'failed', outcome: 'empty-answer', body: FAILED_TEXT } as const;
    return endUnanswered(deps, taken, calls, failed);
  }
  const whole = isLate ? `${LATE_PREFIX}${readable}` : readable;
  const { text, rest } = cutToSegments(whole, segmentsMax, MORE_SUFFIX);
  const { usage } = answer.response as { usage?: Record<string, number> };
  await end(
    deps,
    taken,
    calls,
    { kind: 'answer', body: text },
    {
      ...{ status: 'answered', outcome: 'answer', request, reply: text, rest, isLate },
      ...{ model: answer.model, inputTokens: usage?.prompt_tokens ?? null },
      ...{ outputTokens: usage?.completion_tokens ?? null },
      ...(media.unreadable.length === 0 ? {} : { metadata: { unreadable: media.unreadable } }),
    },
  );
}

/** The words of a text: what was written, what was said, and what could not be read. */
function requestOf(body: string, { transcriptions, unreadable, images }: ReadMedia): string {
  const said = transcriptions.map(({ text }) => text.trim());
  const words = [body.trim(), ...said].filter((part) => part !== '').join('\n');
  if (words === '' && images.length === 0) return '';
  const note = unreadable.map(
    (type) => `(A file of type ${type} came along that you cannot open.)`,
  );
  return [words === '' ? 'What is this?' : words, ...note].join('\n');
}

async function loadTurns({ pool, settings }: AnswerDeps, taken: TakenTask): Promise<Turn[]> {
  const { clientId, task } = taken;
  const sql = loadSql('postgres/queries/select_turns');
  const values = [clientId, task.conversation_id, task.received_at, settings.memory.turns];
  const turns = await withTransaction(pool, { clientId }, (connection) =>
    query<{ request: string; reply: string }>(connection, sql, values),
  );
  return rememberTurns(turns, settings.memory.tokens);
}

/** One text for whoever waits long; it is sent beside the answer's work and never fails it. */
function tellIfSlow(deps: AnswerDeps, taken: TakenTask) {
  const working: { timer: NodeJS.Timeout; sent: Promise<void> } = {
    sent: Promise.resolve(),
    timer: setTimeout(() => {
      working.sent = withTransaction(
        deps.pool,
        { clientId: taken.clientId },
        async (connection) => {
          await queue(connection, taken, { kind: 'working', body: WORKING_TEXT }, deps.now());
        },
      ).catch((error: unknown) => deps.errors.recordThrown(error, idsOf(taken)));
    }, deps.workingAfterMs ?? WORKING_AFTER_MS),
  };
  return working;
}

/** A model that is away is asked again later; any other failure ends the task. */
async function endFailedTry(
  deps: AnswerDeps,
  setup: ModelSetup,
  taken: TakenTask,
  calls: ModelCall[],
  error: ModelError,
): Promise<void> {
  const now = deps.now();
  const { attempts, received_at: receivedAt } = taken.task;
  const { type: errorType, isTransient, retryAfterMs, code, status, stack } = error;
  const message = messageOf(error);
  if (deps.signal.aborted) {
    return postpone(deps, taken, calls, { dueAt: now, errorType: 'system_error', message });
  }
  calls.push(callOfError(error, setup.name, now));
  const cause = code ?? status?.toString() ?? null;
  await deps.errors.record({ type: errorType, code: cause, message, stack, ...idsOf(taken) });
  const isHopeless = now.getTime() - receivedAt.getTime() > GIVE_UP_AFTER_MS;
  if (!isTransient || isHopeless) {
    const failed = {
      status: 'failed',
      outcome: 'failed',
      errorType,
      errorMessage: message,
    } as const;
    return endUnanswered(deps, taken, calls, { ...failed, body: FAILED_TEXT });
  }
  const seconds = RETRY_SECONDS[Math.min(attempts, RETRY_SECONDS.length) - 1] ?? 5;
  const dueAt = new Date(now.getTime() + Math.max(retryAfterMs ?? 0, seconds * 1_000));
  await postpone(deps, taken, calls, { dueAt, errorType, message });
}

async function postpone(
  deps: AnswerDeps,
  taken: TakenTask,
  calls: ModelCall[],
  until: { dueAt: Date; errorType: string; message: string },
): Promise<void> {
  const { clientId, task } = taken;
  await withTransaction(deps.pool, { clientId }, async (connection) => {
    await book(connection, deps, taken, calls);
    await postponeTask(connection, clientId, task, until);
  });
}

/** Ends a task without an answer: the person is told, and the request is not counted. */
async function endUnanswered(
  deps: AnswerDeps,
  taken: TakenTask,
  calls: ModelCall[],
  { body, ...ending }: TaskEnd & { body: string },
): Promise<void> {
  const { clientId, task, month } = taken;
  const counted = task.counted_month ?? month.key;
  await end(deps, taken, calls, { kind: 'notice', body }, ending, (connection) =>
    returnUnit(connection, clientId, task.user_id, counted),
  );
}

interface Reply {
  kind: TextKind;
  body: string;
}

/** One transaction: the calls, the end of the task, the reply. */
async function end(
  deps: AnswerDeps,
  taken: TakenTask,
  calls: ModelCall[],
  reply: Reply,
  ending: TaskEnd,
  alsoDo: (connection: Connection) => Promise<void> = async () => undefined,
): Promise<void> {
  const { clientId, task, takenAt } = taken;
  const now = deps.now();
  const processingMs = now.getTime() - takenAt.getTime();
  await withTransaction(deps.pool, { clientId }, async (connection) => {
    // The call was made and is paid, also where another worker has taken the task since.
    await book(connection, deps, taken, calls);
    const isOurs = await finishTask(connection, clientId, task, { ...ending, processingMs }, now);
    if (!isOurs) return;
    await alsoDo(connection);
    await queue(connection, taken, reply, now);
  });
}

async function book(
  connection: Connection,
  { pricesOf, setup }: AnswerDeps,
  taken: TakenTask,
  calls: ModelCall[],
): Promise<void> {
  const provider = setup?.provider ?? 'openai';
  await bookCalls(connection, { pricesOf, provider }, taken, calls);
}

async function queue(
  connection: Connection,
  { clientId, task, facts }: TakenTask,
  { kind, body }: Reply,
  now: Date,
): Promise<void> {
  const { task_id: taskId, user_id: userId, own_number: from } = task;
  const text = { clientId, taskId, userId, kind, from, to: facts.from_number, body };
  await queueText(connection, text, now);
}

function idsOf({ clientId, task }: TakenTask) {
  return { clientId, taskId: task.task_id, userId: task.user_id };
}
