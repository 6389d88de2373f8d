// Price cards in words for a person at a terminal: as a table, and what setting them brought about.
// Reads and writes nothing.
import { type CardContent, STANDARD } from '../ingest/pricing/cards.ts';

export interface PriceTable {
  heads: string[];
  rows: string[][];
  /** Where all prices are from, if they are from one place; else each row says it. */
  source: string | null;
}

const TELLS_NOTHING = new Set(['', STANDARD]);

/** One row per price. Columns in which nothing is told are left out. */
export function tablePrices(cards: CardContent[]): PriceTable {
  const sources = new Set(cards.map(sourceOf));
  const rows = cards.flatMap((card) =>
    card.rates.map(({ unit, tier, contextThreshold, price, per }) => [
      card.provider,
      showModel(card),
      contextThreshold === 0 ? unit : `${unit}, input > ${contextThreshold}`,
      tier,
      `${price} ${card.currency}`,
      String(per),
      [showWindow(card), showHours(card)].filter((text) => text !== '').join(', '),
      sources.size === 1 ? '' : sourceOf(card),
    ]),
  );
  const heads = ['provider', 'model', 'unit', 'tier', 'price', 'per', 'valid', 'source'];
  const told = heads.map((_, column) => rows.some((row) => !TELLS_NOTHING.has(row[column] ?? '')));
  const keep = (cells: string[]) => cells.filter((_, column) => told[column]);
  const [source = null] = sources.size === 1 ? sources : [];
  return { heads: keep(heads), rows: rows.map(keep), source };
}

/** What setting prices brought about, and how to price with them what is booked already. */
export function describeAdded(clientId: string, cards: CardContent[]): string {
  const names = cards.map((card) => {
    const window = showWindow(card);
    return `${card.provider} ${card.model}${window === '' ? '' : ` ${window}`}`;
  });
  const isBounded = cards.some((card) => showWindow(card) !== '');
  const which = isBounded ? 'Calls of that time' : 'Calls';
  return (
    `Set ${names.join('; ')}. ${which} that are booked from now on are priced by this; ` +
    `for what is booked already: npm run daybook -- reprice --client ${clientId} ${rangeOf(cards)}`
  );
}

/** The options of a reprice of what one window holds, whose days are those of UTC. */
function rangeOf(cards: CardContent[]): string {
  const [first] = cards;
  const isOne = cards.every((card) => showWindow(card) === showWindow(first ?? card));
  const from = (isOne && first?.validFrom?.toISOString()) || 'DAY';
  const to = isOne && first?.validTo ? ` --to ${first.validTo.toISOString()}` : '';
  return `--from ${from}${to} --dry-run`;
}

/** A name that is one of many, as `--match` says, shows how it is compared. */
function showModel({ model, pattern }: CardContent): string {
  const [how, text] = Object.entries(pattern)[0] ?? [];
  return how === 'equals' || text !== model ? model : `${model} (${how})`;
}

function showWindow({ validFrom, validTo }: CardContent): string {
  const from = validFrom === null ? '' : `from ${showTime(validFrom)}`;
  const to = validTo === null ? '' : `until ${showTime(validTo)}`;
  return [from, to].filter((text) => text !== '').join(' ');
}

function showHours({ dailyFrom, dailyTo }: CardContent): string {
  return dailyFrom === null ? '' : `${dailyFrom}–${dailyTo} UTC`;
}

/** A day where it is the start of one in UTC. */
function showTime(time: Date): string {
  return time.toISOString().replace(/T00:00:00\.000Z$/, '');
}

function sourceOf({ source, version }: CardContent): string {
  return `${source} ${version}`;
}
