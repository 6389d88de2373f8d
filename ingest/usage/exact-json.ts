// JSON without the loss that doubles bring: numbers keep their text where a double would change it,
// and two spellings of one value have one canonical form.
import { canonicalDecimal } from '../../core/money.ts';

/** Stays apart from any object a request can hold: JSON cannot make an instance. */
export class ExactNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Nesting beyond this is no usage event; the bound keeps recursion safe. */
export const DEPTH_MAX = 32;
const SAFE_NUMBER = /^-?\d{1,15}$/;
// A decimal with a longer exponent cannot be written out; it is compared as it was received.
const EXPANDABLE = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/;

/** Parses JSON; a number that a double cannot hold exactly becomes an ExactNumber. */
export function parseExactJson(text: string): unknown {
  // The third argument, the source text, is ECMA-262 "JSON.parse source text access".
  const keepExact = (_key: string, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    if (typeof value !== 'number' || source === undefined || SAFE_NUMBER.test(source)) return value;
    return isLossless(value, source) ? value : new ExactNumber(source);
  };
  return JSON.parse(text, keepExact as (key: string, value: unknown) => unknown);
}

/** JSON text with keys sorted and numbers in canonical decimal form: equal for equal values. */
export function canonicalJson(value: unknown): string {
  if (value instanceof ExactNumber) return canonicalNumber(value.text);
  if (typeof value === 'number') return canonicalNumber(String(value));
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`;
}

/** True for a number text that can be written without an exponent. */
export function isExpandable(text: string): boolean {
  return EXPANDABLE.test(text);
}

/** True when arrays and objects nest deeper than the bound. */
export function isTooDeep(value: unknown, depthMax = DEPTH_MAX): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depthMax === 0) return true;
  return Object.values(value).some((field) => isTooDeep(field, depthMax - 1));
}

function isLossless(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  return String(value) === source || canonicalNumber(String(value)) === canonicalNumber(source);
}

function canonicalNumber(text: string): string {
  return isExpandable(text) ? canonicalDecimal(text) : text;
}
