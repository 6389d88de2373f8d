// Brings the genai-prices catalogue into the shared price list: what is new or changed is appended,
// nothing is changed or removed. May be run at any time.
import { type Pool, query, withTransaction } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import type { CardContent } from './cards.ts';
import { CATALOGUE, catalogueVersion, readCatalogue } from './genai-prices.ts';
import { appendCards } from './stored-cards.ts';

export interface SyncResult {
  version: string;
  /** Cards of this version that were new or differed from what was recorded last. */
  added: number;
  /** Models that are in the list and no longer in the catalogue; they end now. */
  ended: number;
}

// Any fixed number; two that sync at once take turns.
const SYNC_LOCK = 7_316_205;

/** Appends the catalogue of the installed package. `owner` is the login that migrates. */
export async function syncPrices(owner: Pool, now: Date): Promise<SyncResult> {
  const cards = await readCatalogue();
  const version = catalogueVersion();
  return withTransaction(owner, {}, async (connection) => {
    await query(connection, 'select pg_advisory_xact_lock($1)', [SYNC_LOCK]);
    const { added, known } = await appendCards(connection, null, cards, now);
    const inCatalogue = new Set(cards.map(nameOf));
    const gone = known.filter((model) => !model.has_ended && !inCatalogue.has(nameOf(model)));
    const endings = gone.map(({ provider, model }) => ending(provider, model, version, now));
    const { added: ended } = await appendCards(connection, null, endings, now);
    return { version, added: added.length, ended: ended.length };
  });
}

/** The same, where this version has not left any card yet; cheap to ask at every start. */
export async function syncPricesOnce(owner: Pool, now: Date): Promise<SyncResult | undefined> {
  const version = catalogueVersion();
  const sql = loadSql('postgres/queries/select_synced_version');
  const [known] = await query(owner, sql, [CATALOGUE, version]);
  return known === undefined ? syncPrices(owner, now) : undefined;
}

function nameOf({ provider, model }: { provider: string; model: string }): string {
  return JSON.stringify([provider, model]);
}

/** A card that matches no name from now on; calls of before keep the price they had. */
function ending(provider: string, model: string, version: string, now: Date): CardContent {
  return {
    provider,
    model,
    pattern: { or: [] },
    currency: 'USD',
    validFrom: now,
    validTo: null,
    dailyFrom: null,
    dailyTo: null,
    source: CATALOGUE,
    version,
    position: 0,
    rates: [],
  };
}
