// Instants as wire formats tell them, in whole nanoseconds since 1970: no digit is lost to a float.
// Pure.
import { Decimal } from '../../../core/money.ts';
import { decimalText } from './fields.ts';

const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?(Z|[+-]\d{2}:?\d{2})?$/i;
const NANOS_PER_SECOND = 1_000_000_000n;

/** An RFC 3339 time in UTC with all nine decimals, or undefined for a time that cannot be written. */
export function timeOfNanos(nanos: bigint): string | undefined {
  const instant = new Date(Number(nanos / 1_000_000n));
  if (nanos <= 0n || Number.isNaN(instant.getTime())) return undefined;
  const decimals = String(nanos % 1_000_000_000n).padStart(9, '0');
  return `${instant.toISOString().slice(0, -5)}.${decimals}Z`;
}

/** Whole microseconds between two times as milliseconds; exact for any span of less than a century. */
export function millisecondsBetween(startNanos: bigint, endNanos: bigint): number {
  return Number((endNanos - startNanos) / 1_000n) / 1_000;
}

/** Reads seconds since 1970 or a date with time, UTC where it names no zone; undefined otherwise. */
export function readInstant(told: unknown): bigint | undefined {
  const seconds = decimalText(told);
  if (seconds !== undefined) return nanosOfSeconds(seconds);
  const parts = typeof told === 'string' ? DATE_TIME.exec(told) : null;
  if (parts === null) return undefined;
  const [, date, time, decimals = '', zone = 'Z'] = parts;
  const instant = Date.parse(`${date}T${time}${zone}`);
  if (Number.isNaN(instant)) return undefined;
  return BigInt(instant) * 1_000_000n + BigInt(decimals.padEnd(9, '0'));
}

/** Nanoseconds of a decimal number of seconds. */
function nanosOfSeconds(seconds: string): bigint | undefined {
  const nanos = new Decimal(seconds).times(NANOS_PER_SECOND.toString());
  const isInstant = nanos.isFinite() && nanos.isPositive() && nanos.lt('1e20');
  return isInstant ? BigInt(nanos.toFixed(0, Decimal.ROUND_DOWN)) : undefined;
}
