// Single values as loosely as wire formats tell them: numbers as texts, objects and lists as JSON
// texts. What cannot be read is left as it is or left out, never an error. Pure.
import { parseMoney, sumDecimals } from '../../../core/money.ts';
import { canonicalJson, ExactNumber, isExpandable, parseExactJson } from './exact-json.ts';
import { decimalText } from './fields.ts';

/** An object somebody sent: nothing about it is known. */
export type Told = Record<string, unknown>;

/** A value that is an object as such; a list and a number that kept its text are none. */
export function asObject(value: unknown): Told | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value instanceof ExactNumber ? undefined : (value as Told);
}

/** The text of a told value; a number is written out, anything else is none. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'number') return String(value);
  return value instanceof ExactNumber ? value.text : undefined;
}

/** A number that kept its text as a double, where one holds it exactly: 7.0 is 7. */
export function plainNumber(value: unknown): unknown {
  if (!(value instanceof ExactNumber) || !isExpandable(value.text)) return value;
  const double = Number(value.text);
  return canonicalJson(double) === canonicalJson(value) ? double : value;
}

/** A told number, which may have been sent as text; anything else as it came. */
export function numberOf(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? undefined;
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value)
    ? parseExactJson(value)
    : value;
}

/** The object that a told value holds, as such or as JSON text. */
export function objectOf(value: unknown): Told | undefined {
  if (typeof value !== 'string') return asObject(value);
  if (!value.trimStart().startsWith('{')) return undefined;
  try {
    return asObject(parseExactJson(value));
  } catch {
    return undefined;
  }
}

/** A list of texts, sent as an array or as JSON text of one; undefined for anything else. */
export function listOf(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'string' || !value.startsWith('[')) return undefined;
  try {
    return parseExactJson(value) as unknown[];
  } catch {
    return undefined;
  }
}

/** The exact sum of decimals, told as numbers or texts; undefined where one is none, or none is told. */
export function sumOf(values: unknown[]): string | undefined {
  const parts = values.map(decimalText).filter((part) => part !== undefined);
  if (parts.length === 0 || parts.length < values.length) return undefined;
  // A part that is no amount must not pass within the sum: it is left for the cost's own check.
  const bad = parts.find((part) => typeof parseMoney(part) === 'string');
  return bad ?? sumDecimals(parts);
}
