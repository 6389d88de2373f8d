// Pure: exact decimals and dates → the texts that people read, in the client's locale. Rounds for
// the eye only; the value beside the text keeps every digit.
import { Temporal } from 'temporal-polyfill';
import { canonicalDecimal, Decimal } from '../core/money.ts';
import type { Figure, FigureFormat } from './content.ts';

/** U+202F keeps a number and its unit on one line (REPORT-STYLE). */
export const NARROW_SPACE = '\u202f';
export const MINUS = '\u2212';
/** What stands where there is nothing to say. */
export const NOTHING = '–';

export interface Formatter {
  readonly currencySymbol: string;
  figure(format: FigureFormat, value: string | null, unknownText?: string): Figure;
  /** With a sign, as changes are written: "+14.8 %", "−4.33". */
  change(format: FigureFormat, value: string | null, unknownText?: string): Figure;
  money(value: string): string;
  /**
   * An amount in a column whose largest is `largest`: all with the same decimals, and "<0.01" for
   * what would read as nothing. `bare` leaves the currency to the head.
   */
  columnAmount(value: string, largest: string, style?: 'bare' | 'currency'): string;
  /** A chart's label: three significant digits, no currency. */
  short(value: string): string;
  integer(value: string): string;
  /** Whole per cent, for sentences. */
  roundPercent(value: string): string;
}

type DecimalText = Parameters<Intl.NumberFormat['format']>[0];

/** Makes the formatter of a client. */
export function createFormatter(locale: string, currency: string): Formatter {
  const base = currencyDigits(currency);
  // Making an Intl.NumberFormat costs a hundred times more than using it.
  const formats = new Map<string, Intl.NumberFormat>();
  const write = (kind: 'plain' | 'currency', value: Decimal, digits: number) => {
    const key = `${kind} ${digits}`;
    const known =
      formats.get(key) ?? numberFormat(locale, kind === 'currency' ? currency : undefined, digits);
    formats.set(key, known);
    return known.format(canonicalDecimal(value) as unknown as DecimalText);
  };
  const fixed = (value: Decimal, digits: number) => write('plain', value, digits);
  const inCurrency = (value: Decimal, digits: number) => write('currency', value, digits);

  const writers: Record<FigureFormat, (value: Decimal) => string> = {
    money: (value) => inCurrency(value, moneyDigits(value, base)),
    'unit-price': (value) => {
      if (currency !== 'USD' || value.gte(1) || value.isZero()) return writers.money(value);
      const cents = value.times(100);
      return `${fixed(cents, significantDigits(cents, 3))}${NARROW_SPACE}¢`;
    },
    integer: (value) => fixed(value, 0),
    decimal: (value) => fixed(value, value.abs().gte(100) ? 0 : 1),
    percent: (value) => `${fixed(value.times(100), 1)}${NARROW_SPACE}%`,
    points: (value) => `${fixed(value.times(100), 1)}${NARROW_SPACE}pt`,
  };
  const writeAs = (format: FigureFormat, value: Decimal) => writers[format](value.abs());

  return {
    currencySymbol: currency === 'USD' ? 'US$' : currency,
    figure: (format, value, unknownText = NOTHING) => {
      if (value === null) return { value, format, text: unknownText };
      const decimal = new Decimal(value);
      return {
        value,
        format,
        text: `${decimal.isNegative() ? MINUS : ''}${writeAs(format, decimal)}`,
      };
    },
    change: (format, value, unknownText = NOTHING) => {
      if (value === null) return { value, format, text: unknownText };
      const decimal = new Decimal(value);
      const text = writeAs(format, decimal);
      // What rounds to nothing has no direction.
      const isZero = decimal.isZero() || text === writeAs(format, new Decimal(0));
      return {
        value,
        format,
        text: isZero ? text : `${decimal.isNegative() ? MINUS : '+'}${text}`,
      };
    },
    money: (value) => writeAs('money', new Decimal(value)),
    columnAmount: (value, largest, style = 'currency') => {
      const decimal = new Decimal(value).abs();
      const digits = moneyDigits(new Decimal(largest).abs(), base);
      const least = new Decimal(10).pow(-digits);
      const show = style === 'bare' ? fixed : inCurrency;
      const isTiny = !decimal.isZero() && decimal.toDecimalPlaces(digits).isZero();
      return isTiny ? `<${show(least, digits)}` : show(decimal, digits);
    },
    short: (value) => {
      const decimal = new Decimal(value);
      return decimal.isZero() ? fixed(decimal, 0) : fixed(decimal, shortDigits(decimal));
    },
    integer: (value) => fixed(new Decimal(value), 0),
    roundPercent: (value) => {
      const percent = new Decimal(value).abs().times(100);
      return `${fixed(percent, percent.lt(1) ? 1 : 0)}${NARROW_SPACE}%`;
    },
  };
}

function numberFormat(
  locale: string,
  currency: string | undefined,
  digits: number,
): Intl.NumberFormat {
  const style =
    currency === undefined
      ? {}
      : ({ style: 'currency', currency, currencyDisplay: 'narrowSymbol' } as const);
  return new Intl.NumberFormat(locale, {
    ...style,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    roundingMode: 'halfEven',
  });
}

/**
 * The currency's own decimals, two for most; an amount too small for them gets two significant
 * digits, so that $0.0004 does not read as nothing.
 */
function moneyDigits(value: Decimal, base: number): number {
  const rounded = value.toSignificantDigits(2);
  const isSmall = !value.isZero() && rounded.lt(new Decimal(10).pow(1 - base));
  return isSmall ? significantDigits(rounded, 2) : base;
}

/** Two for dollars, none for yen, three for dinars (ISO 4217, as the runtime knows it). */
function currencyDigits(currency: string): number {
  const options = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
  return options.maximumFractionDigits ?? 2;
}

function shortDigits(value: Decimal): number {
  if (value.gte(100)) return 0;
  if (value.gte(10)) return 1;
  return value.gte('0.01') ? 2 : significantDigits(value, 1);
}

/** Decimals needed to show `count` significant digits, at most 12. */
function significantDigits(value: Decimal, count: number): number {
  return Math.min(12, Math.max(0, count - 1 - value.e));
}

const DATE_LOCALE = 'en-GB';

/** "18 March 2025", or "Tue 18 Mar" with the parts asked for. */
export function formatDate(date: string, options: Intl.DateTimeFormatOptions): string {
  return Temporal.PlainDate.from(date).toLocaleString(DATE_LOCALE, options);
}

/** "10–16 March 2025", "30 December 2024 – 5 January 2025"; `last` is included. */
export function formatDateRange(first: string, last: string): string {
  const full = { day: 'numeric', month: 'long', year: 'numeric' } as const;
  if (first.slice(0, 7) === last.slice(0, 7))
    return `${Number(first.slice(8))}–${formatDate(last, full)}`;
  const parts =
    first.slice(0, 4) === last.slice(0, 4) ? ({ day: 'numeric', month: 'long' } as const) : full;
  return `${formatDate(first, parts)} – ${formatDate(last, full)}`;
}

/** "17 Mar 2025, 06:00" in a zone. */
export function formatInstant(instant: string, timeZone: string): string {
  const zoned = Temporal.Instant.from(instant).toZonedDateTimeISO(timeZone);
  const date = zoned.toLocaleString(DATE_LOCALE, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
  });
  return `${date}, ${zoned.toPlainTime().toString({ smallestUnit: 'minute' })}`;
}

/** A phone number keeps its country code and last four digits; any other id stays as it is. */
export function maskPerson(id: string): string {
  const phone = /^(?:tel:)?\+?(\d{8,15})$/.exec(id.replaceAll(/[\s().-]/g, ''))?.[1];
  const isPhone = phone !== undefined && /^(?:tel:)?\+|^\d{10,15}$/.test(id.trim());
  if (phone === undefined || !isPhone) return maskMailAddress(id);
  return `+${phone.slice(0, phone.length > 11 ? 2 : 1)}••••••${phone.slice(-4)}`;
}

/** An address names a person: its first letter and its domain remain. */
function maskMailAddress(id: string): string {
  const match = /^([^@\s])[^@\s]*@([^@\s]+\.[^@\s]+)$/.exec(id);
  return match === null ? id : `${match[1]}•••@${match[2]}`;
}
