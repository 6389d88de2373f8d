// JSON without the loss that doubles bring: numbers keep their text where a double would be written
// otherwise, and two spellings of one value have one canonical form.
import { canonicalDecimal } from '../../../core/money.ts';

/** Stays apart from any object a request can hold: JSON cannot make an instance. */
export class ExactNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toJSON(): string {
    return this.text;
  }
}

/** Digits, sign, point and exponent of a number that the books keep; more is no measured value. */
export const NUMBER_LENGTH_MAX = 64;
/** Nesting beyond this is no usage event; the bound keeps recursion safe. */
export const DEPTH_MAX = 32;
// Every number that a double would write otherwise, and some that stand in texts: sixteen digits and
// more, a trailing zero after the point, six zeros after it, an exponent, minus zero.
const MAYBE_INEXACT =
  /(?:^|[\s:,[])-?(?:\d[\d.]{15,}|\d+\.\d*0|\d+\.0{6}\d*|\d[\d.]*[eE][-+]?\d+|(?<=-)0)(?=[\s,}\]]|$)/;
// A decimal with a longer exponent cannot be written out; it is compared as it was received.
const EXPANDABLE = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/;

/**
 * Parses JSON; a number that a double would not write as it was received becomes an ExactNumber.
 * Throws SyntaxError for what is no JSON and RangeError for JSON that nests thousands deep.
 */
export function parseExactJson(text: string): unknown {
  // A reviver makes parsing four times as slow (measured); most texts hold no such number.
  return MAYBE_INEXACT.test(text) ? parseWithTexts(text) : JSON.parse(text);
}

function parseWithTexts(text: string): unknown {
  // The third argument, the source text, is ECMA-262 "JSON.parse source text access".
  const keepExact = (_key: string, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    if (typeof value !== 'number' || source === undefined || String(value) === source) return value;
    return new ExactNumber(source);
  };
  return JSON.parse(text, keepExact as (key: string, value: unknown) => unknown);
}

/** JSON text with keys sorted and numbers in canonical decimal form: equal for equal values. */
export function canonicalJson(value: unknown): string {
  if (value instanceof ExactNumber) return canonicalNumber(value.text);
  if (typeof value === 'number') return canonicalDouble(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  const texts = fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
  return `{${texts.join(',')}}`;
}

/** True for a number text that can be written without an exponent, in reasonable length. */
export function isExpandable(text: string): boolean {
  return text.length <= NUMBER_LENGTH_MAX && EXPANDABLE.test(text);
}

/** True when arrays and objects nest deeper than the bound. */
export function isTooDeep(value: unknown, depthMax = DEPTH_MAX): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depthMax === 0) return true;
  return Object.values(value).some((field) => isTooDeep(field, depthMax - 1));
}

/** A double writes itself canonically, but for exponents and minus zero. */
function canonicalDouble(value: number): string {
  const text = String(value);
  return text.includes('e') ? canonicalNumber(text) : text;
}

function canonicalNumber(text: string): string {
  return isExpandable(text) ? canonicalDecimal(text) : text;
}
