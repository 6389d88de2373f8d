// The native wire format: one received item → one canonical event, or the field and the reason why
// not. Pure; knows nothing of HTTP or Postgres.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalDecimal, Decimal, parseMoney } from '../../core/money.ts';
import { EVENT_STATUSES, type ParsedItem, type UsageEvent } from './event.ts';
import {
  canonicalJson,
  DEPTH_MAX,
  ExactNumber,
  isExpandable,
  isTooDeep,
  NUMBER_LENGTH_MAX,
} from './exact-json.ts';

const TOKENS_MAX = 10 ** 12;
const ID_LENGTH_MAX = 200;
const METADATA_BYTES_MAX = 16_384;
const BAD_NUMBER = `must hold numbers of at most ${NUMBER_LENGTH_MAX} characters and exponent 999`;
const LATENCY_MS_MAX = 1e11;
const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;
// NUL is refused by Postgres; a lone surrogate is no Unicode text and would be stored as another.
const UNSTORABLE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

const text = z
  .string('must be a text')
  .min(1, 'must not be empty')
  .max(ID_LENGTH_MAX, `must be at most ${ID_LENGTH_MAX} characters`)
  .refine((value) => !UNSTORABLE.test(value), 'must not hold NUL or broken Unicode');

/** The native event as it is received; issue further fields here and nowhere else. */
export const NativeEvent = z.strictObject({
  id: text,
  occurred_at: z.string('must be an RFC 3339 time').transform(readTime),
  provider: text,
  model: text,
  user_id: text.nullish(),
  conversation_id: text.nullish(),
  chatbot_id: text.nullish(),
  input_tokens: z.unknown().optional().transform(readTokens),
  output_tokens: z.unknown().optional().transform(readTokens),
  cost: z.unknown().optional().transform(readCost),
  currency: z
    .string('must be three capital letters such as "USD"')
    .regex(/^[A-Z]{3}$/, 'must be three capital letters such as "USD"')
    .nullish(),
  status: z.enum(EVENT_STATUSES, `must be one of ${EVENT_STATUSES.join(', ')}`).nullish(),
  latency_ms: z.unknown().optional().transform(readLatency),
  metadata: z.unknown().optional().transform(readMetadata),
});

type Context = { addIssue(issue: { code: 'custom'; message: string; input: unknown }): void };

export const TOO_DEEP = `must not nest deeper than ${DEPTH_MAX}`;

/** Reads one item. Never throws: whatever is wrong comes back as a rejection. */
export function parseNativeItem(item: unknown): ParsedItem {
  const id = idOf(item);
  if (
    typeof item !== 'object' ||
    item === null ||
    Array.isArray(item) ||
    item instanceof ExactNumber
  ) {
    return { rejection: { id, field: '', reason: 'must be an object' } };
  }
  if (isTooDeep(item)) {
    return { rejection: { id, field: '', reason: TOO_DEEP } };
  }
  // zod reads objects by their own keys, but drops "__proto__" without a word.
  if (Object.hasOwn(item, '__proto__')) {
    return { rejection: { id, field: '__proto__', reason: 'is no field of a usage event' } };
  }
  const result = NativeEvent.safeParse(item);
  if (!result.success) return { rejection: { id, ...describeIssue(result.error, item) } };
  const received = result.data;
  if (received.input_tokens == null && received.output_tokens == null && received.cost == null) {
    const reason = 'needs at least one of input_tokens, output_tokens and cost';
    return { rejection: { id, field: 'input_tokens', reason } };
  }
  return { event: toEvent(received, hashItem(item as Record<string, unknown>)) };
}

function toEvent(received: z.output<typeof NativeEvent>, bodyHash: Buffer): UsageEvent {
  return {
    eventId: received.id,
    occurredAt: received.occurred_at,
    provider: received.provider,
    model: received.model,
    userId: received.user_id ?? null,
    conversationId: received.conversation_id ?? null,
    chatbotId: received.chatbot_id ?? null,
    inputTokens: received.input_tokens ?? null,
    outputTokens: received.output_tokens ?? null,
    reportedCost: received.cost?.amount ?? null,
    reportedCostText: received.cost?.text ?? null,
    currency: received.currency ?? null,
    status: received.status ?? null,
    latencyMs: received.latency_ms ?? null,
    metadata: received.metadata ?? null,
    bodyHash,
  };
}

/** sha256 of the item as received; "1.50", 1.5 and 15e-1 are one cost. */
function hashItem(item: Record<string, unknown>): Buffer {
  const cost = decimalText(item.cost);
  const normal = cost === undefined ? item : { ...item, cost: canonicalDecimal(cost) };
  return createHash('sha256').update(canonicalJson(normal)).digest();
}

function readTime(received: string, context: Context): string {
  const parts = RFC3339.exec(received);
  if (parts === null) {
    return refuse(context, received, 'must be an RFC 3339 time such as 2025-03-18T09:30:00Z', '');
  }
  const [, year, month, day, hour, minute, second, fraction, zone] = parts as unknown as string[];
  const time = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const whole = new Date(`${time}Z`);
  // Date.parse rolls 30 February over; the round trip notices.
  if (Number.isNaN(whole.getTime()) || whole.toISOString().slice(0, 19) !== time) {
    return refuse(context, received, 'must be a time that exists', '');
  }
  const offset = zone?.toUpperCase() ?? 'Z';
  const instant = Date.parse(`${time}${offset}`);
  if (!(instant >= Date.UTC(2000, 0) && instant < Date.UTC(2100, 0))) {
    return refuse(context, received, 'must lie in the years 2000 to 2099', '');
  }
  // Postgres keeps microseconds and would round the rest up, perhaps into the next day: cut it. It
  // refuses offsets from 16 hours on, so the time goes on in UTC.
  const utc = new Date(instant).toISOString().slice(0, 19);
  return `${utc}${fraction === undefined ? '' : `.${fraction.slice(0, 6)}`}Z`;
}

function readTokens(received: unknown, context: Context): number | null {
  if (received === undefined || received === null) return null;
  const isNumber = typeof received === 'number' || received instanceof ExactNumber;
  const written = isNumber ? decimalText(received) : undefined;
  if (written === undefined || !isExpandable(written) || !new Decimal(written).isInteger()) {
    return refuse(context, received, 'must be a whole number', null);
  }
  const count = Number(written);
  if (count < 0) return refuse(context, received, 'must not be negative', null);
  if (count > TOKENS_MAX) return refuse(context, received, 'must be at most 10^12', null);
  return count === 0 ? 0 : count;
}

function readCost(
  received: unknown,
  context: Context,
): { amount: string; text: string | null } | null {
  if (received === undefined || received === null) return null;
  const receivedText = typeof received === 'string' ? received : decimalText(received);
  if (receivedText === undefined)
    return refuse(context, received, 'must be a decimal such as "0.0133"', null);
  const money = parseMoney(receivedText);
  if (typeof money === 'string') return refuse(context, received, money, null);
  return { amount: money.amount, text: money.amount === receivedText ? null : receivedText };
}

function readLatency(received: unknown, context: Context): string | null {
  if (received === undefined || received === null) return null;
  const isNumber = typeof received === 'number' || received instanceof ExactNumber;
  const written = isNumber ? (decimalText(received) ?? '') : '';
  const value = isExpandable(written) ? Number(written) : Number.NaN;
  if (!(value >= 0 && value < LATENCY_MS_MAX)) {
    return refuse(context, received, 'must be a number of milliseconds, 0 or more', null);
  }
  return canonicalDecimal(value.toFixed(3));
}

function readMetadata(received: unknown, context: Context): string | null {
  if (received === undefined || received === null) return null;
  if (typeof received !== 'object' || Array.isArray(received) || received instanceof ExactNumber) {
    return refuse(context, received, 'must be an object', null);
  }
  const problem = findUnstorable(received);
  if (problem !== undefined) return refuse(context, received, problem, null);
  const tooLong = `must be at most ${METADATA_BYTES_MAX} bytes of JSON`;
  // Numbers grow when they are written out (1e999), so the received form is measured first.
  if (JSON.stringify(received).length > 2 * METADATA_BYTES_MAX) {
    return refuse(context, received, tooLong, null);
  }
  const json = canonicalJson(received);
  if (Buffer.byteLength(json) > METADATA_BYTES_MAX) return refuse(context, received, tooLong, null);
  return json;
}

/** What Postgres' jsonb would refuse or alter, anywhere inside a value. */
function findUnstorable(value: unknown): string | undefined {
  if (typeof value === 'string') {
    return UNSTORABLE.test(value) ? 'must not hold NUL or broken Unicode' : undefined;
  }
  if (value instanceof ExactNumber) {
    return isExpandable(value.text) ? undefined : BAD_NUMBER;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, field] of Object.entries(value)) {
    const problem = findUnstorable(key) ?? findUnstorable(field);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function refuse<T>(context: Context, input: unknown, message: string, result: T): T {
  context.addIssue({ code: 'custom', message, input });
  return result;
}

/** The decimal text of a received text or number, if it is one that can be compared. */
function decimalText(received: unknown): string | undefined {
  if (received instanceof ExactNumber) return received.text;
  if (typeof received === 'number') return String(received);
  if (typeof received !== 'string') return undefined;
  return typeof parseMoney(received) === 'string' ? undefined : received;
}

function idOf(item: unknown): string | null {
  const id = (item as { id?: unknown } | null)?.id;
  return typeof id === 'string' && id.length <= ID_LENGTH_MAX && !UNSTORABLE.test(id) ? id : null;
}

function describeIssue(error: z.ZodError, item: object): { field: string; reason: string } {
  const issue = error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    return { field: printable(issue.keys[0] ?? ''), reason: 'is no field of a usage event' };
  }
  const field = issue?.path.join('.') ?? '';
  return {
    field,
    reason: !Object.hasOwn(item, field) ? 'is required' : (issue?.message ?? 'is not valid'),
  };
}

function printable(key: string): string {
  return key.length <= 64 ? key : `${key.slice(0, 63)}…`;
}
