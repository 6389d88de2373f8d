// What a provider's answer is read with: untrusted values → counts, decimals and texts that the books
// can keep, gathered with the flags and the reasons. Knows no provider. Pure.
import { canonicalDecimal, Decimal, parseMoney } from '../../../core/money.ts';
import type { EventFields, TOKEN_FIELDS } from '../event-fields.ts';
import { ExactNumber, isExpandable } from '../values/exact-json.ts';
import { COUNT_MAX, ID_LENGTH_MAX, isStorable } from '../values/fields.ts';
import { asObject, type Told } from '../values/told-values.ts';

const SECONDS_SCALE = 6;
const SECONDS_MAX = 10 ** 11;
const SHOWN_LENGTH_MAX = 40;

export type CountField = (typeof TOKEN_FIELDS)[number] | 'images' | 'searches' | 'requests';

/** What has been read of one answer so far. Adapters add to it, each its own part. */
export class Reading {
  readonly fields: EventFields = {};
  readonly flags = new Set<string>();
  readonly reasons: string[] = [];

  /** The first of the names that is told as a whole number, 0 or more. */
  count(source: Told | undefined, ...names: string[]): number | undefined {
    for (const name of names) {
      const value = valueIn(source, name);
      if (value === undefined || value === null) continue;
      const count = countOf(value);
      if (count !== undefined) return count;
      this.refuse(name, value, 'a whole number, 0 or more');
    }
    return undefined;
  }

  /** The first of the names that is told as an amount, 0 or more, as its own decimal text. */
  amount(source: Told | undefined, ...names: string[]): string | undefined {
    for (const name of names) {
      const value = valueIn(source, name);
      if (value === undefined || value === null) continue;
      const amount = amountOf(value);
      if (amount !== undefined) return amount;
      this.refuse(name, value, 'an amount, 0 or more');
    }
    return undefined;
  }

  /** Sets a count; one that is not told leaves the field alone. */
  set(field: CountField, value: number | undefined): void {
    if (value === undefined) return;
    // Parts that each fit may add up to more than the books hold.
    if (value > COUNT_MAX) this.flag('unreadable_figure', `${field} is above 10^12: left out`);
    else this.fields[field] = value;
  }

  get(field: CountField): number {
    return (this.fields[field] as number | undefined) ?? 0;
  }

  /** Adds a rarer unit; nothing of it is not worth a line. */
  unit(name: string, value: number | undefined): void {
    if (value === undefined || value === 0) return;
    const units = (this.fields.other_units ?? {}) as Record<string, number>;
    units[name] = Math.min((units[name] ?? 0) + value, COUNT_MAX);
    this.fields.other_units = units;
  }

  /** The length of the audio, given as a number or a numeric text. */
  seconds(source: Told | undefined, ...names: string[]): boolean {
    const seconds = this.amount(source, ...names);
    if (seconds === undefined) return false;
    const kept = new Decimal(seconds).toDecimalPlaces(SECONDS_SCALE);
    if (kept.gte(SECONDS_MAX)) return false;
    this.fields.audio_seconds = new ExactNumber(canonicalDecimal(kept));
    return true;
  }

  /** What the provider says it charges. */
  cost(amount: string | undefined, reason: string, currency = 'USD'): void {
    if (amount === undefined || typeof parseMoney(amount) === 'string') return;
    this.fields.cost = amount;
    this.fields.currency = currency;
    this.because(reason);
  }

  /** The tier that served the call; "auto" only repeats what was asked for. */
  tier(value: unknown): void {
    const tier = storableText(value);
    if (tier !== undefined && tier !== 'auto') this.fields.service_tier = tier;
  }

  /** Compares a told total with the parts that were read. */
  checkTotal(total: number | undefined): void {
    const { input_tokens: input, output_tokens: output } = this.fields;
    if (total === undefined || (input === undefined && output === undefined)) return;
    const sum = this.get('input_tokens') + this.get('output_tokens');
    if (sum === total) return;
    this.flag(
      'total_mismatch',
      `the total of ${total} is not the input and output of ${sum}; both are kept as told`,
    );
  }

  flag(name: string, reason: string): void {
    this.flags.add(name);
    this.because(reason);
  }

  because(reason: string): void {
    this.reasons.push(reason);
  }

  private refuse(name: string, value: unknown, expectation: string): void {
    this.flag('unreadable_figure', `${name} is ${shown(value)}, not ${expectation}: left out`);
  }
}

export function valueIn(source: Told | undefined, name: string): unknown {
  return source !== undefined && Object.hasOwn(source, name) ? source[name] : undefined;
}

/** The first of the names that holds an object. */
export function childOf(source: Told | undefined, ...names: string[]): Told | undefined {
  for (const name of names) {
    const child = asObject(valueIn(source, name));
    if (child !== undefined) return child;
  }
  return undefined;
}

/** The objects of a list; whatever else it holds is passed over. */
export function objectsOf(source: Told | undefined, name: string): Told[] {
  const list = valueIn(source, name);
  if (!Array.isArray(list)) return [];
  return list.map(asObject).filter((entry) => entry !== undefined);
}

/** A text that the books can keep as an id or a name. */
export function storableText(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > ID_LENGTH_MAX) return undefined;
  return isStorable(value) ? value : undefined;
}

/** The first of the names that holds such a text. */
export function textIn(source: Told | undefined, ...names: string[]): string | undefined {
  for (const name of names) {
    const text = storableText(valueIn(source, name));
    if (text !== undefined) return text;
  }
  return undefined;
}

export function countOf(value: unknown): number | undefined {
  if (typeof value === 'number') {
    return Number.isInteger(value) && value >= 0 && value <= COUNT_MAX ? value + 0 : undefined;
  }
  const text = value instanceof ExactNumber ? value.text : value;
  if (typeof text !== 'string' || !isExpandable(text)) return undefined;
  return countOf(Number(text));
}

function amountOf(value: unknown): string | undefined {
  const isNumber = typeof value === 'number' || value instanceof ExactNumber;
  const text = isNumber ? String(value instanceof ExactNumber ? value.text : value) : value;
  if (typeof text !== 'string' || typeof parseMoney(text) === 'string') return undefined;
  return text;
}

function shown(value: unknown): string {
  if (value instanceof ExactNumber) return value.text.slice(0, SHOWN_LENGTH_MAX);
  if (typeof value === 'string') return JSON.stringify(value.slice(0, SHOWN_LENGTH_MAX));
  return typeof value === 'object' ? (Array.isArray(value) ? 'a list' : 'an object') : `${value}`;
}
