// Price cards in Postgres: read whole, appended, never changed. Who may write which is decided by
// row security.
import { createHash } from 'node:crypto';
import { type Connection, type Pool, query } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { canonicalJson } from '../usage/values/exact-json.ts';
import type { CardContent, Pattern, RecordedCard } from './cards.ts';

interface CardRow extends Record<string, unknown> {
  price_card_id: bigint;
  client_id: string | null;
  provider: string;
  model: string;
  pattern: Pattern;
  currency: string;
  valid_from: Date | null;
  valid_to: Date | null;
  daily_from: string | null;
  daily_to: string | null;
  recorded_at: Date;
  source: string;
  version: string;
  position: number;
  units: string[];
  tiers: string[];
  thresholds: string[];
  prices: string[];
  pers: string[];
}

/** What was recorded last of one model. */
interface Statement extends Record<string, unknown> {
  provider: string;
  model: string;
  own_pattern: string;
  recorded_at: Date;
  /** True where the model was taken out of its source. */
  has_ended: boolean;
  fingerprints: string[];
}

/** The cards of a client, or the shared ones (null). */
export async function loadCards(
  db: Pool | Connection,
  clientId: string | null,
): Promise<RecordedCard[]> {
  const sql = loadSql('postgres/queries/select_price_cards');
  return (await query<CardRow>(db, sql, [clientId])).map(toCard);
}

/**
 * Appends what differs from what was recorded last, and returns it. All cards of a model are one
 * statement: when one of them is new, all are recorded anew, so that the latest statement is whole.
 */
export async function appendCards(
  connection: Connection,
  clientId: string | null,
  cards: CardContent[],
  now: Date,
): Promise<{ added: CardContent[]; known: Statement[] }> {
  const [first] = cards;
  if (first === undefined) return { added: [], known: [] };
  const known = await query<Statement>(
    connection,
    loadSql('postgres/queries/select_newest_price_cards'),
    [clientId, first.source],
  );
  const recorded = new Map(
    known.map((statement) => [keyOf(clientId, statement), statement.fingerprints.join()]),
  );
  const statements = Map.groupBy(cards, (card) => keyOf(clientId, card));
  const added = [...statements].flatMap(([key, statement]) =>
    statement.map(fingerprint).sort().join() === recorded.get(key) ? [] : statement,
  );
  // Two statements of one instant would count as one.
  const latest = Math.max(...known.map(({ recorded_at: at }) => at.getTime()), 0);
  await insertCards(connection, clientId, added, new Date(Math.max(now.getTime(), latest + 1)));
  return { added, known };
}

async function insertCards(
  connection: Connection,
  clientId: string | null,
  cards: CardContent[],
  recordedAt: Date,
): Promise<void> {
  if (cards.length === 0) return;
  const columns = CARD_COLUMNS.map((read) => cards.map(read));
  const ids = await query<{ price_card_id: bigint }>(
    connection,
    loadSql('postgres/queries/insert_price_cards'),
    [clientId, recordedAt, ...columns],
  );
  const rates = cards.flatMap((card, place) =>
    card.rates.map((rate) => ({ ...rate, id: ids[place]?.price_card_id })),
  );
  await query(connection, loadSql('postgres/queries/insert_price_rates'), [
    rates.map(({ id }) => id),
    rates.map(({ unit }) => unit),
    rates.map(({ tier }) => tier),
    rates.map(({ contextThreshold }) => contextThreshold),
    rates.map(({ price }) => price),
    rates.map(({ per }) => per),
  ]);
}

const CARD_COLUMNS: ((card: CardContent) => unknown)[] = [
  (card) => card.provider,
  (card) => card.model,
  (card) => JSON.stringify(card.pattern),
  (card) => card.currency,
  (card) => card.validFrom,
  (card) => card.validTo,
  (card) => card.dailyFrom,
  (card) => card.dailyTo,
  (card) => card.source,
  (card) => card.version,
  fingerprint,
  (card) => card.position,
];

/** sha256 of all that prices a call; the version of the source is no part of it. */
function fingerprint(card: CardContent): string {
  const { version: _, rates, ...content } = card;
  const prices = rates
    .map(({ unit, tier, contextThreshold, price, per }) =>
      [unit, tier, contextThreshold, price, per].join(' '),
    )
    .sort();
  const json = canonicalJson({ ...content, rates: prices, ...timesOf(card) });
  return createHash('sha256').update(json).digest('hex');
}

function timesOf({ validFrom, validTo }: CardContent) {
  return {
    validFrom: validFrom?.toISOString() ?? null,
    validTo: validTo?.toISOString() ?? null,
  };
}

function keyOf(clientId: string | null, card: CardContent | Statement): string {
  const pattern = 'pattern' in card ? canonicalJson(card.pattern) : '';
  const own = 'own_pattern' in card ? canonicalPattern(card.own_pattern as string) : pattern;
  return [card.provider, card.model, clientId === null ? '' : own].join('\n');
}

function canonicalPattern(text: string): string {
  return text === '' ? '' : canonicalJson(JSON.parse(text));
}

function toCard(row: CardRow): RecordedCard {
  return {
    id: String(row.price_card_id),
    clientId: row.client_id,
    provider: row.provider,
    model: row.model,
    pattern: row.pattern,
    currency: row.currency,
    validFrom: row.valid_from,
    validTo: row.valid_to,
    dailyFrom: row.daily_from,
    dailyTo: row.daily_to,
    recordedAt: row.recorded_at,
    source: row.source,
    version: row.version,
    position: row.position,
    rates: row.units.map((unit, place) => ({
      unit,
      tier: row.tiers[place] ?? '',
      contextThreshold: Number(row.thresholds[place]),
      price: row.prices[place] ?? '0',
      per: BigInt(row.pers[place] ?? '1'),
    })),
  };
}
