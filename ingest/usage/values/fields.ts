// Readers of single fields: received value → canonical value, or a reason why it is refused. What
// every wire format shares. Pure.
import { z } from 'zod';
import { canonicalDecimal, Decimal, parseMoney } from '../../../core/money.ts';
import { canonicalJson, ExactNumber, isExpandable, NUMBER_LENGTH_MAX } from './exact-json.ts';

/** No call counts more of anything. */
export const COUNT_MAX = 10 ** 12;
export const COUNT_TOO_LARGE = 'must be at most 10^12';
export const ID_LENGTH_MAX = 200;
export const JSON_BYTES_MAX = 16_384;
const TAGS_MAX = 50;
const UNITS_MAX = 30;
export const UNIT_NAME = /^[a-z][a-z0-9_]{0,62}$/;
const BAD_NUMBER = `must hold numbers of at most ${NUMBER_LENGTH_MAX} characters and exponent 999`;
const DURATION_MAX = 1e11;
const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;
// NUL is refused by Postgres; a lone surrogate is no Unicode text and would be stored as another.
const UNSTORABLE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

type Context = { addIssue(issue: { code: 'custom'; message: string; input: unknown }): void };

/** True for a text that Postgres can keep as it is. */
export function isStorable(value: string): boolean {
  return !UNSTORABLE.test(value);
}

export const text = z
  .string('must be a text')
  .min(1, 'must not be empty')
  .max(ID_LENGTH_MAX, `must be at most ${ID_LENGTH_MAX} characters`)
  .refine(isStorable, 'must not hold NUL or broken Unicode');

export const time = z.string('must be an RFC 3339 time').transform(readTime);
export const count = z.unknown().optional().transform(readCount);
export const cost = z.unknown().optional().transform(readCost);
export const milliseconds = z.unknown().optional().transform(durationReader(3, 'milliseconds'));
export const seconds = z.unknown().optional().transform(durationReader(6, 'seconds'));
export const jsonObject = z.unknown().optional().transform(readJsonObject);
export const units = z.unknown().optional().transform(readUnits);
export const flag = z.boolean('must be true or false').nullish();
// The unit separator parts the tags of a row on their way into Postgres.
const tag = text.refine((value) => !value.includes('\x1f'), 'must not hold a unit separator');
export const tags = z
  .array(tag, 'must be a list of texts')
  .max(TAGS_MAX, `must be at most ${TAGS_MAX} texts`)
  .nullish();
export const currency = z
  .string('must be three capital letters such as "USD"')
  .regex(/^[A-Z]{3}$/, 'must be three capital letters such as "USD"')
  .nullish();

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

function readCount(received: unknown, context: Context): number | null {
  if (received === undefined || received === null) return null;
  if (isPlainCount(received)) return received;
  const isNumber = typeof received === 'number' || received instanceof ExactNumber;
  const written = isNumber ? decimalText(received) : undefined;
  if (written === undefined || !isExpandable(written) || !new Decimal(written).isInteger()) {
    return refuse(context, received, 'must be a whole number', null);
  }
  const value = Number(written);
  if (value < 0) return refuse(context, received, 'must not be negative', null);
  if (value > COUNT_MAX) return refuse(context, received, COUNT_TOO_LARGE, null);
  return value === 0 ? 0 : value;
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

/** Most counts; the way through decimals is for the others. */
function isPlainCount(received: unknown): received is number {
  return (
    Number.isInteger(received) && (received as number) > 0 && (received as number) <= COUNT_MAX
  );
}

function durationReader(decimals: number, unit: string) {
  return (received: unknown, context: Context): string | null => {
    if (received === undefined || received === null) return null;
    const isNumber = typeof received === 'number' || received instanceof ExactNumber;
    const written = isNumber ? (decimalText(received) ?? '') : '';
    if (!isExpandable(written) || !(Number(written) >= 0 && Number(written) < DURATION_MAX)) {
      return refuse(context, received, `must be a number of ${unit}, 0 or more`, null);
    }
    return canonicalDecimal(new Decimal(written).toDecimalPlaces(decimals));
  };
}

function readJsonObject(received: unknown, context: Context): string | null {
  if (received === undefined || received === null) return null;
  if (typeof received !== 'object' || Array.isArray(received) || received instanceof ExactNumber) {
    return refuse(context, received, 'must be an object', null);
  }
  const problem = findUnstorable(received);
  if (problem !== undefined) return refuse(context, received, problem, null);
  const tooLong = `must be at most ${JSON_BYTES_MAX} bytes of JSON`;
  // Numbers grow when they are written out (1e999), so the received form is measured first.
  if (JSON.stringify(received).length > 2 * JSON_BYTES_MAX) {
    return refuse(context, received, tooLong, null);
  }
  const json = canonicalJson(received);
  if (Buffer.byteLength(json) > JSON_BYTES_MAX) return refuse(context, received, tooLong, null);
  return json;
}

function readUnits(received: unknown, context: Context): Record<string, number> | null {
  if (received === undefined || received === null) return null;
  const isMap = typeof received === 'object' && !Array.isArray(received);
  if (!isMap || received instanceof ExactNumber) {
    return refuse(context, received, 'must be an object of counts', null);
  }
  const entries = Object.entries(received);
  if (entries.length > UNITS_MAX) {
    return refuse(context, received, `must hold at most ${UNITS_MAX} units`, null);
  }
  const read: Record<string, number> = {};
  for (const [unit, value] of entries) {
    if (!UNIT_NAME.test(unit)) {
      return refuse(context, received, 'must name units such as "input_image_tokens"', null);
    }
    const counted = readCount(value, context);
    if (counted !== null) read[unit] = counted;
  }
  return Object.keys(read).length === 0 ? null : read;
}

/** What Postgres' jsonb would refuse or alter, anywhere inside a value. */
function findUnstorable(value: unknown): string | undefined {
  if (typeof value === 'string') {
    return UNSTORABLE.test(value) ? 'must not hold NUL or broken Unicode' : undefined;
  }
  if (value instanceof ExactNumber) {
    return isExpandable(value.text) ? undefined : BAD_NUMBER;
  }
  // JSON has none of these; the doubles of protobuf do.
  if (typeof value === 'number' && !Number.isFinite(value)) return 'must not hold NaN or Infinity';
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
export function decimalText(received: unknown): string | undefined {
  if (received instanceof ExactNumber) return received.text;
  if (typeof received === 'number') return String(received);
  if (typeof received !== 'string') return undefined;
  return typeof parseMoney(received) === 'string' ? undefined : received;
}
