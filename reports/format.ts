// Pure: exact decimals and dates → the texts that people read, in the client's locale. Rounds for
// the eye only; the value beside the text keeps every digit.
import { Temporal } from 'temporal-polyfill';
import { canonicalDecimal, Decimal } from '../core/money.ts';
import type { Figure, FigureFormat } from './content.ts';

/** U+202F keeps a number and its unit on one line (REPORT-STYLE). */
export const NARROW_SPACE = '\u202f';
export const MINUS = '\u2212';
const NO_BREAK_SPACE = '\u00a0';
/** What stands where there is nothing to say. */
export const NOTHING = '–';

export interface Formatter {
  readonly currencySymbol: string;
  figure(format: FigureFormat, value: string | null, unknownText?: string): Figure;
  /** With a sign, as changes are written: "+14.8 %", "−4.33". */
  change(format: FigureFormat, value: string | null, unknownText?: string): Figure;
  money(value: string): string;
  /** "USD 3.50": an amount that is not in the client's currency, nor converted to it. */
  foreignMoney(currency: string, value: string): string;
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

type Write = (value: Decimal) => string;

// From a million on, cents are noise; from a thousand million on, so are thousands.
const WHOLE_MIN = 1_000_000;
const COMPACT_MIN = 1_000_000_000;
// Beyond there are no words for the magnitude that everybody knows.
const COMPACT_MAX = 1e15;
// Nobody reads more than six decimals; what is smaller is said to be, and never written as nothing.
const SMALLEST_DIGITS = 6;
const SMALLEST_SHOWN = new Decimal(10).pow(-SMALLEST_DIGITS);
// Each unit up to a hundred of it or so: nobody reads 5,400 s, and "2 h" hides half an hour.
const LONGEST = ['d', 86_400] as const;
const DURATIONS = [
  ['ms', '0.001', 1],
  ['s', 1, 100],
  ['min', 60, 6_000],
  ['h', 3_600, 172_800],
] as const;
// A chart's bar has room for five or six characters.
const SHORT_MAX = 10_000;

/** Writes numbers in a locale and currency; `base` is how many decimals the currency has. */
function createWriters(locale: string, currency: string) {
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

  const compact = (value: Decimal, inUnit?: string) =>
    compactFormat(locale, inUnit).format(canonicalDecimal(value) as unknown as DecimalText);

  const writers: Record<FigureFormat, Write> = {
    money: (value) => {
      if (value.gte(COMPACT_MIN) && value.lt(COMPACT_MAX)) return compact(value, currency);
      const isTiny = !value.isZero() && value.lt(SMALLEST_SHOWN);
      if (isTiny) return `<${inCurrency(SMALLEST_SHOWN, SMALLEST_DIGITS)}`;
      return inCurrency(value, moneyDigits(value, base));
    },
    'unit-price': (value) => {
      if (currency !== 'USD' || value.gte(1) || value.isZero()) return writers.money(value);
      const cents = value.times(100);
      return `${fixed(cents, significantDigits(cents, 3))}${NARROW_SPACE}¢`;
    },
    integer: (value) => fixed(value, 0),
    decimal: (value) => fixed(value, value.abs().gte(100) ? 0 : 1),
    percent: (value) => `${fixed(value.times(100), 1)}${NARROW_SPACE}%`,
    points: (value) => `${fixed(value.times(100), 1)}${NARROW_SPACE}pt`,
    duration: (value) => {
      const [unit, seconds] = DURATIONS.find(([, , below]) => value.lt(below)) ?? LONGEST;
      const amount = value.div(seconds);
      return `${fixed(amount, amount.lt(10) && !amount.isZero() ? 1 : 0)}${NARROW_SPACE}${unit}`;
    },
  };
  return { base, fixed, inCurrency, writers, compact };
}

/** Makes the formatter of a client. */
export function createFormatter(locale: string, currency: string): Formatter {
  const { base, fixed, inCurrency, writers, compact } = createWriters(locale, currency);
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
    foreignMoney: (other, value) => {
      const amount = createFormatter(locale, other).columnAmount(value, value, 'bare');
      return `${other}${NO_BREAK_SPACE}${amount}`;
    },
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
      if (decimal.isZero()) return fixed(decimal, 0);
      return decimal.gte(SHORT_MAX) ? compact(decimal) : fixed(decimal, shortDigits(decimal));
    },
    integer: (value) => fixed(new Decimal(value), 0),
    roundPercent: (value) => {
      const percent = new Decimal(value).abs().times(100);
      return `${fixed(percent, percent.lt(1) ? 1 : 0)}${NARROW_SPACE}%`;
    },
  };
}

/** "1.38M", "$84.9B": three significant digits and a magnitude. */
function compactFormat(locale: string, currency: string | undefined): Intl.NumberFormat {
  const style =
    currency === undefined
      ? {}
      : ({ style: 'currency', currency, currencyDisplay: 'symbol' } as const);
  return new Intl.NumberFormat(locale, {
    ...style,
    notation: 'compact',
    minimumSignificantDigits: 3,
    maximumSignificantDigits: 3,
  });
}

function numberFormat(
  locale: string,
  currency: string | undefined,
  digits: number,
): Intl.NumberFormat {
  const style =
    currency === undefined
      ? {}
      : ({ style: 'currency', currency, currencyDisplay: 'symbol' } as const);
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
  if (value.gte(WHOLE_MIN)) return 0;
  const rounded = value.toSignificantDigits(2);
  const isSmall = !value.isZero() && rounded.lt(new Decimal(10).pow(1 - base));
  return isSmall ? significantDigits(rounded, 2) : base;
}

/** Two for dollars, none for yen, three for dinars (ISO 4217, as the runtime knows it). */
export function currencyDigits(currency: string): number {
  const options = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
  return options.maximumFractionDigits ?? 2;
}

function shortDigits(value: Decimal): number {
  if (value.gte(100)) return 0;
  if (value.gte(10)) return 1;
  return value.gte('0.01') ? 2 : significantDigits(value, 1);
}

const DECIMALS_MAX = 12;

/** Decimals needed to show `count` significant digits. */
function significantDigits(value: Decimal, count: number): number {
  return Math.min(DECIMALS_MAX, Math.max(0, count - 1 - value.e));
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

const SEPARATORS = '\\s().\\-/\u00b7\u2010-\u2015';
const NUMBER_IN_TEXT = new RegExp(`(?:\\+|\\b00)[${SEPARATORS}]*\\d[\\d${SEPARATORS}]{4,}`);
const NUMBER_ALONE = new RegExp(`^\\(?\\d[\\d${SEPARATORS}]*$`);
const PHONE_SCHEME = /^(?:tel|sms|mms|whatsapp|phone|mobile|signal|telegram)\s*:/i;
const EXTENSION = /\s*(?:ext|x|#)\.?\s*\d{1,6}$/i;
const MAIL_ADDRESS = /\S.*@([^\s@<>"':;,]+)/;
// National numbers in groups have seven digits and more; without any mark of a phone number, only
// ten digits in a row are taken for one.
const GROUPED_DIGITS_MIN = 7;
const BARE_DIGITS_MIN = 10;

/**
 * What a report may call a person: the client's own id as it is, but of a phone number only its
 * country and last digits ("+1••••••0123"), and of a mail address its first letter and domain.
 */
export function maskPerson(id: string): string {
  const text = asciiDigits(id.normalize('NFKC')).trim();
  const domain = MAIL_ADDRESS.exec(text)?.[1];
  if (domain !== undefined) return `${/[\p{L}\p{N}]/u.exec(text)?.[0] ?? ''}•••@${domain}`;
  const number = phoneNumberIn(text.replace(EXTENSION, ''));
  return number === undefined ? id : maskPhone(number);
}

/** The number inside an id: written to be called, in groups, or of ten digits and more. */
function phoneNumberIn(text: string): string | undefined {
  const international = NUMBER_IN_TEXT.exec(text)?.[0];
  if (international !== undefined) return international;
  const rest = text.replace(PHONE_SCHEME, '').trim();
  if (!NUMBER_ALONE.test(rest)) return undefined;
  const count = rest.replace(/\D/g, '').length;
  const isBare = /^\d+$/.test(rest) && !PHONE_SCHEME.test(text);
  return count >= (isBare ? BARE_DIGITS_MIN : GROUPED_DIGITS_MIN) ? rest : undefined;
}

function maskPhone(number: string): string {
  const digits = number.replace(/\D/g, '').replace(/^00/, '');
  // Eleven digits and more hold a country code, unless they begin with a trunk prefix.
  const isInternational = /^(?:\+|00)/.test(number) || (digits.length > 10 && digits[0] !== '0');
  // Country codes 1 and 7 have one digit, most others two (ITU-T E.164).
  const country = isInternational ? `+${digits.slice(0, /^[17]/.test(digits) ? 1 : 2)}` : '';
  return `${country}••••••${digits.slice(digits.length >= 10 ? -4 : -2)}`;
}

/** Decimal digits of other scripts come in runs of ten code points (Unicode, general category Nd). */
function asciiDigits(text: string): string {
  return text.replace(/\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    let zero = code;
    while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
    return String(code - zero);
  });
}
