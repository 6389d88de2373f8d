// The model calls of a task as usage events, booked with it: one for every call that was made, also
// for one that failed or whose answer nobody needed any more. With its booking a call is spent.
import { sumDecimals } from '../../core/money.ts';
import { type Connection, query } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import type { PriceEvent, PricesOf } from '../pricing/costing.ts';
import { addModelSpend } from '../store/model-spend.ts';
import { prepareWrite } from '../store/usage-events.ts';
import type { ParsedItem } from '../usage/event.ts';
import { parseNativeItem } from '../usage/native.ts';
import type { ModelCall as AnsweredCall, ModelAnswer, ModelError, Transcription } from './model.ts';
import type { TakenTask } from './take-task.ts';

/** What the caps of a day hold for a call. */
export interface Counted {
  day: string;
  /** What counts where nobody knows the cost. Decimal text. */
  most: string;
}

export interface ModelCall {
  purpose: 'answer' | 'transcription';
  occurredAt: Date;
  /** Fields of the native event beside identity and task. */
  fields: Record<string, unknown>;
  counted: Counted;
}

const CHATBOT = 'sms';

export function callOfAnswer(
  answer: ModelAnswer,
  model: string,
  occurredAt: Date,
  counted: Counted,
): ModelCall {
  const usage = usageOf(answer.response);
  const fields = { operation: 'chat', model, ...factsOf(answer, model), ...usage };
  return { purpose: 'answer', occurredAt, fields: { ...fields, status: 'success' }, counted };
}

export function callOfTranscription(
  spoken: Transcription,
  occurredAt: Date,
  counted: Counted,
): ModelCall {
  const { model, seconds, response, requestId, latencyMs } = spoken;
  const usage = seconds === null ? usageOf(response) : { audio_seconds: seconds };
  return {
    purpose: 'transcription',
    occurredAt,
    fields: {
      ...{ operation: 'transcription', model, ...usage, status: 'success' },
      ...{ request_id: requestId, latency_ms: latencyMs },
    },
    counted,
  };
}

/** A call that failed is one too: perhaps with usage, at least with a count. */
export function callOfError(
  error: ModelError,
  { purpose, model, counted }: Pick<ModelCall, 'purpose' | 'counted'> & { model: string },
  occurredAt: Date,
  isCancelled: boolean,
): ModelCall {
  const { call } = error;
  const operation = purpose === 'answer' ? 'chat' : 'transcription';
  const usage = usageOf(call?.response ?? null);
  const facts = call === null ? {} : factsOf(call, model);
  const status = isCancelled ? 'cancelled' : 'error';
  const fields = { operation, model, ...facts, ...usage, status, error_type: error.type };
  // Nobody bills a request that was refused or never arrived; one that took too long, perhaps.
  const isUnbilled = error.status !== null || error.code === 'connection';
  const most = isUnbilled ? '0' : counted.most;
  return { purpose, occurredAt, fields, counted: { ...counted, most } };
}

/** What names a call that was answered, on the provider's bill too. */
function factsOf(answered: AnsweredCall, model: string): Record<string, unknown> {
  const { model: served, requestId, latencyMs } = answered;
  return {
    ...(served === model ? {} : { served_model: served }),
    ...{ request_id: requestId, latency_ms: latencyMs },
  };
}

/** The usage alone: an answer's words have no place in the books of usage. */
function usageOf(response: unknown): Record<string, unknown> {
  const usage = (response as { usage?: unknown } | null)?.usage;
  // Without usage the call is counted, and its cost unknown.
  return typeof usage === 'object' && usage !== null ? { raw_usage: usage } : { requests: 1 };
}

/** What is ours to say of a call of which the server tells what no books can hold. */
function bareFields({ operation, model, status, error_type }: Record<string, unknown>) {
  return { operation, model, status, requests: 1, ...(error_type ? { error_type } : {}) };
}

/** A call as an event of its person. */
export function eventOf(
  { provider, taken: { task } }: { provider: string; taken: TakenTask },
  { id, occurredAt, fields }: Pick<ModelCall, 'occurredAt' | 'fields'> & { id: string },
): ParsedItem {
  const toItem = (told: Record<string, unknown>) =>
    parseNativeItem({
      ...{ id, occurred_at: occurredAt.toISOString(), provider, ...told },
      ...{ user_id: task.user_id, conversation_id: task.conversation_id, chatbot_id: CHATBOT },
    });
  const item = toItem(fields);
  return 'rejection' in item ? toItem(bareFields(fields)) : item;
}

/** What a call costs; null where nobody knows. */
export function costOf(price: PriceEvent, item: ParsedItem): string | null {
  return 'event' in item ? price(item.event).cost : null;
}

/** Books prepared calls in a transaction of their client. */
export type BookCalls = (connection: Connection) => Promise<void>;

/** Prices the calls of a task. A call is one event, and spent once, however often it is booked. */
export async function prepareCalls(
  { pricesOf, provider }: { pricesOf: PricesOf; provider: string },
  taken: TakenTask,
  calls: readonly ModelCall[],
): Promise<BookCalls> {
  const { clientId, task, facts } = taken;
  const [first] = calls;
  if (first === undefined) return async () => undefined;
  const ids = calls.map((_, index) => `sms-${task.task_id}-${task.fence}-${index}`);
  const items = calls.map((call, index) =>
    eventOf({ provider, taken }, { ...call, id: ids[index] as string }),
  );
  const price = await pricesOf(clientId);
  const costs = items.map((item, at) => costOf(price, item) ?? calls[at]?.counted.most ?? '0');
  const write = await prepareWrite(clientId, items, pricesOf);
  return async (connection) => {
    const results = write.resultsOf(await write.run(connection));
    const refused = results.find(({ result }) => result === 'rejected');
    if (refused !== undefined) {
      throw new Error(`a call cannot be booked: ${JSON.stringify(refused)}`);
    }
    const purposes = calls.map(({ purpose }) => purpose);
    const sql = loadSql('postgres/queries/insert_task_calls');
    await query(connection, sql, [clientId, task.task_id, ids, purposes]);
    const spent = costs.filter((_, index) => results[index]?.result === 'accepted');
    const place = { clientId, phone: facts.from_number, day: first.counted.day };
    if (spent.length > 0) await addModelSpend(connection, place, sumDecimals(spent));
  };
}
