// A client's own prices: read from the command line or a file, checked, and appended to its part of
// the price list, where they go before the shared ones.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { AppError, messageOf } from '../../core/errors.ts';
import { parseMoney } from '../../core/money.ts';
import { type Pool, withTransaction } from '../../core/postgres.ts';
import { type CardContent, compilePattern, type Pattern, type Rate, STANDARD } from './cards.ts';
import { appendCards } from './stored-cards.ts';
import { suggestUnit } from './suggest-unit.ts';
import { nameTier } from './tiers.ts';
import { findUnit, listUnits } from './units.ts';

/** How a model's name is compared, the most particular way first. */
export const MATCHES = ['equals', 'starts_with', 'ends_with', 'contains', 'regex'] as const;
const SOURCE = 'client';
const SHOWN_ISSUES_MAX = 3;
const POSITIONS_PER_MATCH = 1_000;
const PER_MAX = 10 ** 15;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

const decimal = z.union([z.string(), z.number()]).transform(String);
const whole = z.union([z.string().regex(/^\d+$/), z.number()]).transform(Number);

const SetRate = z.strictObject({
  unit: z.string(),
  price: decimal,
  per: whole.default(1),
  tier: z.string().default(STANDARD),
  above: whole.default(0),
});

/** One price as it is asked for; an import file is a list of these. */
export const SetPrice = z.strictObject({
  provider: z.string().min(1).max(200),
  model: z.string().min(1).max(200),
  match: z.enum(MATCHES).default('equals'),
  currency: z.string().default('USD'),
  from: z.string().nullish(),
  to: z.string().nullish(),
  rates: z.array(SetRate).min(1),
});
export type SetPrice = z.input<typeof SetPrice>;

/** Reads a file with a list of prices. Throws ERR_INPUT. */
export function readPriceFile(path: string): SetPrice[] {
  const read = z.array(SetPrice).safeParse(parseFile(path));
  if (read.success) return read.data;
  throw refuseFile(`${path} is no list of prices: ${describeIssues(read.error)}`);
}

function parseFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const isMissing = (cause as { code?: string }).code === 'ENOENT';
    throw refuseFile(isMissing ? `there is no file ${path}` : `${path}: ${messageOf(cause)}`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuseFile(`${path} is no JSON: ${messageOf(cause)}`);
  }
}

function refuseFile(message: string): AppError {
  const fix = 'give a JSON file such as ingest/pricing/example-prices.json';
  return new AppError('ERR_INPUT', message, { fix });
}

/** The first few, each with the place it is at. */
function describeIssues({ issues }: z.ZodError): string {
  const shown = issues.slice(0, SHOWN_ISSUES_MAX).map(({ path, message }) => {
    return path.length === 0 ? message : `${path.join('.')}: ${message}`;
  });
  const more = issues.length - shown.length;
  return [...shown, ...(more === 0 ? [] : [`${more} more`])].join('; ');
}

/** Appends a client's prices and returns the new cards; what is set already is not set again. */
export async function setPrices(
  pool: Pool,
  clientId: string,
  prices: SetPrice[],
  now: Date,
): Promise<CardContent[]> {
  const cards = prices.map(toCard);
  refuseOverlaps(cards);
  return withTransaction(pool, { clientId }, async (connection) => {
    const { added } = await appendCards(connection, clientId, cards, now);
    return added;
  });
}

function toCard(asked: SetPrice): CardContent {
  const result = SetPrice.safeParse(asked);
  if (!result.success) throw refuse(describeIssues(result.error));
  const { provider, model, match, currency, from, to, rates } = result.data;
  const pattern = { [match]: match === 'regex' ? model : model.toLowerCase() } as Pattern;
  try {
    compilePattern(pattern);
  } catch {
    throw refuse(`"${model}" is no regular expression`);
  }
  if (!Intl.supportedValuesOf('currency').includes(currency)) {
    throw refuse(`"${currency}" is no currency such as USD`);
  }
  const [validFrom, validTo] = [readTime(from), readTime(to)];
  if (validFrom !== null && validTo !== null && validFrom >= validTo) {
    throw refuse(`the price would end (${to}) before it starts (${from})`);
  }
  return {
    provider: provider.trim().toLowerCase(),
    model: model.toLowerCase(),
    pattern,
    currency,
    validFrom,
    validTo,
    dailyFrom: null,
    dailyTo: null,
    source: SOURCE,
    version: '1',
    // Of two patterns that match, the more particular one and the longer text go first.
    position: MATCHES.indexOf(match) * POSITIONS_PER_MATCH - model.length,
    rates: checkRates(rates.map(toRate)),
  };
}

/** Prices of one list are one statement: which of two would apply, nobody could say. */
function refuseOverlaps(cards: CardContent[]): void {
  const ofOneModel = Map.groupBy(cards, ({ provider, pattern }) =>
    JSON.stringify([provider, pattern]),
  );
  for (const group of ofOneModel.values()) {
    const overlapping = group.find((card, place) =>
      group
        .slice(place + 1)
        .some((other) => startsWithin(card, other) || startsWithin(other, card)),
    );
    if (overlapping === undefined) continue;
    const { provider, model } = overlapping;
    throw refuse(
      `${provider} ${model} has two prices at one time`,
      'name all its units and tiers in one price, and end it where the next begins',
    );
  }
}

function startsWithin({ validFrom: from }: CardContent, { validFrom, validTo }: CardContent) {
  const start = from?.getTime() ?? Number.NEGATIVE_INFINITY;
  const isAfter = start >= (validFrom?.getTime() ?? Number.NEGATIVE_INFINITY);
  return isAfter && start < (validTo?.getTime() ?? Number.POSITIVE_INFINITY);
}

function toRate(asked: z.output<typeof SetRate>): Rate {
  const unit = findUnit(asked.unit);
  if (unit === undefined) {
    const near = suggestUnit(asked.unit);
    if (near !== undefined) throw refuse(`"${asked.unit}" is no unit; did you mean ${near}?`);
    throw refuse(`"${asked.unit}" is no unit`, `choose from: ${listUnits().join(', ')}`);
  }
  const price = parseMoney(asked.price);
  if (typeof price === 'string') throw refuse(`the price of ${unit} ${price}`);
  if (price.rounded) throw refuse(`the price of ${unit} has more than 18 decimals`);
  for (const [name, value, least] of [
    ['per', asked.per, 1],
    ['above', asked.above, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < least || value > PER_MAX) {
      throw refuse(`"${name}" of ${unit} must be a whole number from ${least} to ${PER_MAX}`);
    }
  }
  const { per, above } = asked;
  const tier = nameTier(asked.tier);
  return { unit, tier, contextThreshold: above, price: price.amount, per: BigInt(per) };
}

function checkRates(rates: Rate[]): Rate[] {
  const keys = rates.map(
    ({ unit, tier, contextThreshold }) => `${unit} ${tier} ${contextThreshold}`,
  );
  if (new Set(keys).size < keys.length) throw refuse('a unit has two prices');
  const based = new Set(rates.filter((rate) => rate.contextThreshold === 0).map(keyOfBase));
  const loose = rates.find((rate) => !based.has(keyOfBase(rate)));
  if (loose !== undefined) {
    throw refuse(`${loose.unit} has a price above ${loose.contextThreshold} and none below`);
  }
  return rates;
}

function keyOfBase({ unit, tier }: Rate): string {
  return `${unit} ${tier}`;
}

/** A day means its start in UTC, as providers change their prices. */
function readTime(text: string | null | undefined): Date | null {
  if (text === null || text === undefined) return null;
  const time = new Date(DAY.test(text) ? `${text}T00:00:00Z` : text);
  const isZoned = DAY.test(text) || /(?:Z|[+-]\d{2}:\d{2})$/.test(text);
  if (!isZoned || Number.isNaN(time.getTime())) {
    throw refuse(`"${text}" is no day such as 2026-01-31 and no RFC 3339 time`);
  }
  return time;
}

function refuse(message: string, fix = 'see: npm run daybook -- prices set --help'): AppError {
  return new AppError('ERR_USAGE', message, { fix });
}
