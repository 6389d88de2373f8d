// Exact decimals as whole numbers of 10^-30, for the hot path of pricing: no floats and no decimal
// library. What is read and written elsewhere stays with core/money.ts.

/** Digits after the point of a cost line. */
const LINE_SCALE = 30;
const MONEY_SCALE = 18;
const LINE_ONE = 10n ** BigInt(LINE_SCALE);
const MONEY_STEP = 10n ** BigInt(LINE_SCALE - MONEY_SCALE);

/** A price that is ready to be multiplied with a quantity. */
export interface Factor {
  numerator: bigint;
  /** 1 where the product is exact, as for a price per million. */
  denominator: bigint;
}

/** `price` (plain decimal text) for `per` units, of which one holds `ticks` counted parts. */
export function makeFactor(price: string, per: bigint, ticks: number): Factor {
  const numerator = toFixed(price);
  const denominator = per * BigInt(ticks);
  const isExact = numerator % denominator === 0n;
  return isExact
    ? { numerator: numerator / denominator, denominator: 1n }
    : { numerator, denominator };
}

/** Counted parts × price, in 10^-30; half-even where a division does not end before that. */
export function multiply(ticks: number, { numerator, denominator }: Factor): bigint {
  const product = BigInt(ticks) * numerator;
  return denominator === 1n ? product : divideHalfEven(product, denominator);
}

/** An exact amount in 10^-30 as decimal text. */
export function formatLine(amount: bigint): string {
  return format(amount, LINE_SCALE);
}

/** An amount in 10^-30 as money: half-even to 18 decimals. */
export function formatMoney(amount: bigint): string {
  return format(divideHalfEven(amount, MONEY_STEP), MONEY_SCALE);
}

/** Whole units of an amount in 10^-30. */
export function wholeUnits(amount: bigint): bigint {
  return amount / LINE_ONE;
}

/** Plain decimal text, at most 30 decimals, as a whole number of 10^-30. */
function toFixed(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole) * LINE_ONE + BigInt(fraction.padEnd(LINE_SCALE, '0') || '0');
}

function divideHalfEven(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  const rest = value - quotient * divisor;
  if (rest === 0n) return quotient;
  const twice = rest * 2n;
  const isUp = twice > divisor || (twice === divisor && (quotient & 1n) === 1n);
  return isUp ? quotient + 1n : quotient;
}

function format(value: bigint, scale: number): string {
  if (value === 0n) return '0';
  const digits = value.toString().padStart(scale + 1, '0');
  let end = digits.length;
  const point = end - scale;
  while (end > point && digits.charCodeAt(end - 1) === 48) end -= 1;
  const whole = digits.slice(0, point);
  return end === point ? whole : `${whole}.${digits.slice(point, end)}`;
}
