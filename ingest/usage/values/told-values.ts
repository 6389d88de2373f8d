// Single values as loosely as wire formats tell them: numbers as texts, objects and lists as JSON
// texts. What cannot be read is left as it is or left out, never an error. Pure.
import { ExactNumber, parseExactJson } from './exact-json.ts';

/** The text of a told value; a number is written out, anything else is none. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'number') return String(value);
  return value instanceof ExactNumber ? value.text : undefined;
}

/** A told number, which may have been sent as text; anything else as it came. */
export function numberOf(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? undefined;
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value)
    ? parseExactJson(value)
    : value;
}

/** The object that a told value holds, as such or as JSON text. */
export function objectOf(value: unknown): Record<string, unknown> | undefined {
  let parsed = value;
  if (typeof value === 'string') {
    if (!value.trimStart().startsWith('{')) return undefined;
    try {
      parsed = parseExactJson(value);
    } catch {
      return undefined;
    }
  }
  const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  return isObject && !(parsed instanceof ExactNumber)
    ? (parsed as Record<string, unknown>)
    : undefined;
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
