// Answers a task that was taken: reads its media, asks the model, books every call that was made and
// queues the reply, all of that once. A model that is away makes the answer late, not lost.
import { isAppError, messageOf } from '../../core/errors.ts';
import { isUnavailable, query, withTransaction } from '../../core/postgres.ts';
import { redact } from '../../core/redact.ts';
import { loadSql } from '../../core/sql.ts';
import type { PricesOf } from '../pricing/costing.ts';
import { holdTask } from '../store/tasks.ts';
import { cutToSegments } from '../texts/cut.ts';
import type { TwilioApi } from '../twilio/api.ts';
import { storable } from '../twilio/inbound-fields.ts';
import {
  endFailedTry,
  endTask,
  endUnanswered,
  idsOf,
  queueReply,
  type TryFailure,
} from './end-task.ts';
import type { ErrorLog } from './error-log.ts';
import { type Model, ModelError } from './model.ts';
import { callOfAnswer, callOfError, callOfTranscription, type ModelCall } from './model-calls.ts';
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
import { TASK_LEASE_MS, type TakeDeps, type TakenTask } from './take-task.ts';

/** The language model, and in whose name its calls are booked. */
export interface ModelSetup {
  model: Model;
  provider: string;
  name: string;
  transcriptionName: string;
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
  /** How long one try may last. */
  tryMs?: number;
}

const WORKING_AFTER_MS = 20_000;
const LATE_AFTER_MS = 10 * 60_000;
/** Characters of a recording; nobody asks a longer question. */
const SAID_LENGTH_MAX = 20_000;
const MEDIA_ATTEMPTS_MAX = 4;
const OTHER_ATTEMPTS_MAX = 3;
/** Else another worker would take the task and ask, and pay, beside us. */
const TRY_MS = TASK_LEASE_MS - 30_000;

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
    const timeUp = AbortSignal.timeout(deps.tryMs ?? TRY_MS);
    const signal = AbortSignal.any([deps.signal, timeUp]);
    await answerWith(deps, setup, taken, { calls, signal });
  } catch (error) {
    const failure = toFailure(error, taken);
    if (failure === undefined) throw error;
    await endFailedTry(deps, taken, calls, failure);
  } finally {
    clearTimeout(working.timer);
    await working.sent;
  }
}

async function answerWith(
  deps: AnswerDeps,
  setup: ModelSetup,
  taken: TakenTask,
  { calls, signal }: { calls: ModelCall[]; signal: AbortSignal },
): Promise<void> {
  const { facts, task } = taken;
  const noteFailed = (purpose: ModelCall['purpose'], model: string) => (error: unknown) => {
    if (error instanceof ModelError) {
      const isCancelled = deps.signal.aborted;
      calls.push(callOfError(error, { purpose, model }, deps.now(), isCancelled));
    }
    throw error;
  };
  const media = await readMedia(facts.media ?? [], {
    ...{ twilio: deps.twilio, model: setup.model, signal },
    onCall: (spoken) => calls.push(callOfTranscription(spoken, deps.now())),
    onFailure: noteFailed('transcription', setup.transcriptionName),
  });
  const request = requestOf(facts.body ?? '', media);
  if (request === '' && media.images.length === 0) {
    const told = { status: 'answered', outcome: 'unreadable-media' } as const;
    return endUnanswered(deps, taken, calls, { ...told, body: UNREADABLE_MEDIA_TEXT });
  }
  const segmentsMax = deps.settings.segmentCaps[facts.tier];
  const askedAt = deps.now();
  const question = {
    system: systemPrompt(deps.settings.systemPrompt, segmentsMax),
    turns: [...(await loadTurns(deps, taken)), { role: 'user' as const, text: request }],
    images: media.images,
    outputTokensMax: outputTokensMax(segmentsMax),
    signal,
  };
  const answer = await setup.model.answer(question).catch(noteFailed('answer', setup.name));
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
  const { usage } = answer.response as { usage?: Record<string, unknown> };
  await endTask(
    deps,
    taken,
    calls,
    { kind: 'answer', body: text },
    {
      ...{ status: 'answered', outcome: 'answer', request, reply: text, rest, isLate },
      ...{ model: answer.model, inputTokens: readCount(usage?.prompt_tokens) },
      ...{ outputTokens: readCount(usage?.completion_tokens) },
      ...(media.unreadable.length === 0 ? {} : { metadata: { unreadable: media.unreadable } }),
    },
  );
}

/** A server may tell anything; its usage as it was told stands with the call. */
function readCount(told: unknown): number | null {
  return Number.isSafeInteger(told) && Number(told) >= 0 ? Number(told) : null;
}

/** The words of a text: what was written, what was said, and what could not be read. */
function requestOf(body: string, { transcriptions, unreadable, images }: ReadMedia): string {
  const said = transcriptions.map(({ text }) => storable(text).trim().slice(0, SAID_LENGTH_MAX));
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
          // It may be answered by now, or its sender forgotten.
          if (!(await holdTask(connection, taken.clientId, taken.task))) return;
          await queueReply(connection, taken, { kind: 'working', body: WORKING_TEXT }, deps.now());
        },
      ).catch((error: unknown) => deps.errors.recordThrown(error, idsOf(taken)));
    }, deps.workingAfterMs ?? WORKING_AFTER_MS),
  };
  return working;
}

/**
 * Why a try failed: the model, files that cannot be had yet, or something that nobody thought of,
 * which must not ask and pay for ever. Undefined while the books are away.
 */
function toFailure(error: unknown, { task }: TakenTask): TryFailure | undefined {
  if (error instanceof ModelError) {
    const { type, isTransient, retryAfterMs, code, status, stack, message } = error;
    const cause = code ?? status?.toString() ?? null;
    return { type, isTransient, retryAfterMs, code: cause, stack, message };
  }
  if (isUnavailable(error)) return undefined;
  if (!isAppError(error, 'ERR_MEDIA')) {
    const stack = error instanceof Error ? error.stack : undefined;
    const isTransient = task.attempts < OTHER_ATTEMPTS_MAX;
    const of = { code: null, stack, message: redact(messageOf(error)), retryAfterMs: null };
    return { type: 'system_error', isCritical: true, isTransient, ...of };
  }
  const { message, stack } = error;
  const of = { code: 'media', stack, message, retryAfterMs: null };
  // Later texts of the conversation wait for this one: not for a file that never comes.
  const isTransient = task.attempts < MEDIA_ATTEMPTS_MAX;
  return { type: 'twilio_error', isTransient, ...of };
}
