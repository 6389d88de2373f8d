// Exact decimals: the only place that does arithmetic on money and ratios. Amounts travel as
// canonical decimal text; nothing here ever becomes a float.
import { Decimal as DecimalJs } from 'decimal.js';

/** Digits after the point that the books keep: numeric(38,18). */
export const MONEY_SCALE = 18;
// A million million for one call: far above any price, and far enough below numeric(38,18) that no
// sum of calls can leave its range.
const INTEGER_DIGITS_MAX = 12;
// Longer texts are no price anybody was ever charged; the bound keeps parsing cheap.
const TEXT_LENGTH_MAX = 64;
const EXPONENT_MAX = 60;
const DECIMAL_TEXT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

export const Decimal = DecimalJs.clone({
  precision: 100,
  rounding: DecimalJs.ROUND_HALF_EVEN,
  toExpNeg: -1000,
  toExpPos: 1000,
});
export type Decimal = InstanceType<typeof Decimal>;

/** An amount as stored, and whether the received text had to be rounded to get there. */
export interface ParsedMoney {
  amount: string;
  rounded: boolean;
}

/**
 * Reads a non-negative decimal text, exponent form included, and rounds it half-even to 18
 * decimals. Returns the reason as a string when the text is no such amount.
 */
export function parseMoney(text: string): ParsedMoney | string {
  if (text.length > TEXT_LENGTH_MAX) return `must be at most ${TEXT_LENGTH_MAX} characters`;
  if (!DECIMAL_TEXT.test(text)) return 'must be a decimal number such as "0.0133"';
  const exact = new Decimal(text);
  if (exact.isNegative() && !exact.isZero()) return 'must not be negative';
  if (!exact.isZero() && Math.abs(exact.e) > EXPONENT_MAX) {
    return `must have an exponent of at most ${EXPONENT_MAX}`;
  }
  const amount = exact.toDecimalPlaces(MONEY_SCALE);
  if (amount.e >= INTEGER_DIGITS_MAX) return `must be below 10^${INTEGER_DIGITS_MAX}`;
  return { amount: canonicalDecimal(amount), rounded: !amount.equals(exact) };
}

/** Plain notation without exponent, trailing zeros or minus zero: `1.50` and `15e-1` are `1.5`. */
export function canonicalDecimal(value: string | number | bigint | Decimal): string {
  const decimal = new Decimal(typeof value === 'bigint' ? value.toString() : value);
  return decimal.isZero() ? '0' : decimal.toString();
}

/** The exact sum of decimal texts. */
export function sumDecimals(values: Iterable<string>): string {
  let total = new Decimal(0);
  for (const value of values) total = total.plus(value);
  return canonicalDecimal(total);
}

/** `numerator / denominator` to 18 decimals, or null where nothing can be divided. */
export function ratio(numerator: string | null, denominator: string | null): string | null {
  if (numerator === null || denominator === null || new Decimal(denominator).isZero()) return null;
  return canonicalDecimal(new Decimal(numerator).div(denominator).toDecimalPlaces(MONEY_SCALE));
}

/** `current / previous − 1`, or null where the previous value is zero or unknown. */
export function relativeChange(current: string | null, previous: string | null): string | null {
  const quotient = ratio(current, previous);
  return quotient === null ? null : canonicalDecimal(new Decimal(quotient).minus(1));
}

/** `left − right`, exactly. */
export function difference(left: string, right: string): string {
  return canonicalDecimal(new Decimal(left).minus(right));
}
