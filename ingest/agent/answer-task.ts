// Answers a task that was taken: reads its media, asks the model, books every call that was made and
// queues the reply, all of that once. A model that is away makes the answer late, not lost.
import { isAppError, messageOf } from '../../core/errors.ts';
import { isUnavailable, query, withTransaction } from '../../core/postgres.ts';
import { redact } from '../../core/redact.ts';
import { loadSql } from '../../core/sql.ts';
import type { PricesOf } from '../pricing/costing.ts';
import { cutToSegments } from '../texts/cut.ts';
import type { TwilioApi } from '../twilio/api.ts';
import { storable } from '../twilio/inbound-fields.ts';
import type { ByteBudget, Share } from './byte-budget.ts';
import {
  endFailedTry,
  endNotHeld,
  endTask,
  endUnanswered,
  type Tried,
  type TryFailure,
} from './end-task.ts';
import type { ErrorLog } from './error-log.ts';
import { type Audio, type Model, ModelError } from './model.ts';
import {
  createHoldCall,
  type HoldCall,
  mostOfAnswer,
  mostOfRecording,
  NotHeld,
} from './model-budget.ts';
import {
  type Counted,
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
import { tellIfSlow } from './queue-reply.ts';
import { mostBytesOf, type ReadMedia, readMedia } from './read-media.ts';
import { FAILED_TEXT, LATE_PREFIX, NO_MODEL_TEXT, UNREADABLE_MEDIA_TEXT } from './replies.ts';
import { MORE_SUFFIX } from './say.ts';
import type { TakeDeps, TakenTask } from './take-task.ts';

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
  /** Aborted when the agent stops. */
  signal: AbortSignal;
  /** Aborted when another worker has the task. */
  lost: AbortSignal;
  /** Of the files of all texts under way. */
  mediaBudget: ByteBudget;
  /** When "still working on it" is sent. */
  workingAfterMs?: number;
  /** How long one try may last. */
  tryMs?: number;
}

const LATE_AFTER_MS = 10 * 60_000;
/** Characters of a recording; nobody asks a longer question. */
const SAID_LENGTH_MAX = 20_000;
const MEDIA_ATTEMPTS_MAX = 4;
const OTHER_ATTEMPTS_MAX = 3;
/** Longer than the model and its own tries should ever take. */
const TRY_MS = 270_000;

/** Answers, postpones or fails the task; throws only when the books cannot be written. */
export async function answerTask(deps: AnswerDeps, taken: TakenTask): Promise<void> {
  const { setup } = deps;
  const { task, facts } = taken;
  const tried: Tried = { calls: [], transcripts: { ...task.transcripts } };
  if (setup === undefined) {
    const told = { status: 'answered', outcome: 'no-model', body: NO_MODEL_TEXT } as const;
    return endUnanswered(deps, taken, tried, told);
  }
  const working = tellIfSlow(deps, taken);
  const ended = AbortSignal.any([deps.signal, deps.lost]);
  const bytes = mostBytesOf(facts.media ?? [], tried.transcripts);
  try {
    // Before the try's own time begins: others' files are read in theirs.
    const memory = await deps.mediaBudget.take(bytes, ended);
    const signal = AbortSignal.any([ended, AbortSignal.timeout(deps.tryMs ?? TRY_MS)]);
    await answerWith({ deps, setup, taken, tried, signal }, memory).finally(memory.giveBack);
  } catch (error) {
    if (error instanceof NotHeld) return await endNotHeld(deps, taken, tried, error);
    const failure = toFailure(error, taken);
    // Nothing is lost with a try that made no call.
    if (isUnavailable(error) && tried.calls.length === 0) throw error;
    await endFailedTry(deps, taken, tried, failure);
  } finally {
    clearTimeout(working.timer);
    await working.sent;
  }
}

/** One try of a task. */
interface Try {
  deps: AnswerDeps;
  setup: ModelSetup;
  taken: TakenTask;
  tried: Tried;
  signal: AbortSignal;
}

async function answerWith(one: Try, memory: Share): Promise<void> {
  const { deps, setup, taken, tried, signal } = one;
  const { facts, task } = taken;
  const holdCall = createHoldCall(deps, setup, taken, tried.calls);
  const media = await readMedia(facts.media ?? [], {
    ...{ twilio: deps.twilio, heard: tried.transcripts },
    hear: (audio) => hear(one, holdCall, audio),
  });
  memory.keep(media.images.reduce((sum, image) => sum + image.bytes.length, 0));
  const request = requestOf(facts.body ?? '', media);
  if (request === '' && media.images.length === 0) {
    const told = { status: 'answered', outcome: 'unreadable-media' } as const;
    return endUnanswered(deps, taken, tried, { ...told, body: UNREADABLE_MEDIA_TEXT });
  }
  const segmentsMax = deps.settings.segmentCaps[facts.tier];
  const question = {
    system: systemPrompt(deps.settings.systemPrompt, segmentsMax),
    turns: [...(await loadTurns(deps, taken)), { role: 'user' as const, text: request }],
    images: media.images,
    outputTokensMax: outputTokensMax(segmentsMax),
    signal,
  };
  const counted = await holdCall(setup.name, mostOfAnswer(setup.name, question));
  const askedAt = deps.now();
  const answer = await setup.model
    .answer(question)
    .catch(noteFailed(one, { purpose: 'answer', model: setup.name, counted }));
  tried.calls.push(callOfAnswer(answer, setup.name, askedAt, counted));
  const isLate = deps.now().getTime() - task.received_at.getTime() > LATE_AFTER_MS;
  const readable = readableAnswer(answer.text, deps.secrets);
  if (readable === '') {
    const failed = { status: 'failed', outcome: 'empty-answer', body: FAILED_TEXT } as const;
    return endUnanswered(deps, taken, tried, failed);
  }
  const whole = isLate ? `${LATE_PREFIX}${readable}` : readable;
  const { text, rest } = cutToSegments(whole, segmentsMax, MORE_SUFFIX);
  const { usage } = answer.response as { usage?: Record<string, unknown> };
  await endTask(
    deps,
    taken,
    tried,
    { kind: 'answer', body: text },
    {
      ...{ status: 'answered', outcome: 'answer', request, reply: text, rest, isLate },
      ...{ model: answer.model, inputTokens: readCount(usage?.prompt_tokens) },
      ...{ outputTokens: readCount(usage?.completion_tokens) },
      ...(media.unreadable.length === 0 ? {} : { metadata: { unreadable: media.unreadable } }),
    },
  );
}

/** What is said in a recording, as it may be kept. */
async function hear(one: Try, holdCall: HoldCall, audio: Audio): Promise<string> {
  const { deps, setup, tried, signal } = one;
  const model = setup.transcriptionName;
  const counted = await holdCall(model, mostOfRecording(audio.bytes.length));
  const spoken = await setup.model
    .transcribe(audio, signal)
    .catch(noteFailed(one, { purpose: 'transcription', model, counted }));
  tried.calls.push(callOfTranscription(spoken, deps.now(), counted));
  return storable(spoken.text.trim().slice(0, SAID_LENGTH_MAX));
}

/** Notes a call that failed, and throws on. */
function noteFailed(
  { deps, tried }: Try,
  call: { purpose: ModelCall['purpose']; model: string; counted: Counted },
): (error: unknown) => never {
  return (error) => {
    if (error instanceof ModelError) {
      const isCancelled = deps.signal.aborted || deps.lost.aborted;
      tried.calls.push(callOfError(error, call, deps.now(), isCancelled));
    }
    throw error;
  };
}

/** A server may tell anything; its usage as it was told stands with the call. */
function readCount(told: unknown): number | null {
  return Number.isSafeInteger(told) && Number(told) >= 0 ? Number(told) : null;
}

/** The words of a text: what was written, what was said, and what could not be read. */
function requestOf(body: string, { said, unreadable, images }: ReadMedia): string {
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

/**
 * Why a try failed: the model, files that cannot be had yet, or something that nobody thought of,
 * which must not ask and pay for ever.
 */
function toFailure(error: unknown, { task }: TakenTask): TryFailure {
  if (error instanceof ModelError) {
    const { type, isTransient, retryAfterMs, code, status, stack, message } = error;
    const cause = code ?? status?.toString() ?? null;
    return { type, isTransient, retryAfterMs, code: cause, stack, message };
  }
  if (!isAppError(error, 'ERR_MEDIA')) {
    const isAway = isUnavailable(error);
    const type = isAway ? 'database_error' : 'system_error';
    const stack = error instanceof Error ? error.stack : undefined;
    const isTransient = isAway || task.attempts < OTHER_ATTEMPTS_MAX;
    const of = { code: null, stack, message: redact(messageOf(error)), retryAfterMs: null };
    return { type, isCritical: true, isTransient, ...of };
  }
  const { message, stack } = error;
  const of = { code: 'media', stack, message, retryAfterMs: null };
  // Later texts of the conversation wait for this one: not for a file that never comes.
  const isTransient = task.attempts < MEDIA_ATTEMPTS_MAX;
  return { type: 'twilio_error', isTransient, ...of };
}
