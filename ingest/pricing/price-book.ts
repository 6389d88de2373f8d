// The price book as the server holds it: the cards of Postgres in memory, by client. It asks every
// few seconds whether there are new ones, and goes on with what it has while Postgres is away.
import { type Pool, query, withTransaction } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import type { PriceEvent, PricesOf } from './costing.ts';
import { type CardIndex, indexCards } from './find-card.ts';
import { createPriceEvent } from './price-event.ts';
import { loadCards } from './stored-cards.ts';

export interface PriceBookOptions {
  /** How old the book may become before it is asked for new cards; in milliseconds. */
  refreshMs?: number;
  now?: () => number;
}

const REFRESH_MS = 10_000;
const CLIENTS_MAX = 1_000;
const EMPTY: CardIndex = new Map();

interface State extends Record<string, unknown> {
  shared_count: bigint;
  shared_newest: bigint | null;
  own_count: bigint;
  own_newest: bigint | null;
}

interface SharedCards {
  state: string;
  index: CardIndex;
  /** For all clients without cards of their own. */
  price: PriceEvent;
}

interface ClientBook {
  checkedAt: number;
  state: string;
  price: PriceEvent;
}

/** Opens the book over Postgres. A first use while Postgres is away throws ERR_BOOKS_UNAVAILABLE. */
export function createPriceBook(
  pool: Pool,
  { refreshMs = REFRESH_MS, now = Date.now }: PriceBookOptions = {},
): PricesOf {
  const clients = new Map<string, ClientBook>();
  const refreshing = new Map<string, Promise<ClientBook>>();
  let shared: SharedCards | undefined;

  async function refresh(clientId: string): Promise<ClientBook> {
    const known = clients.get(clientId);
    const book = await withTransaction(pool, { clientId }, async (connection) => {
      const [state] = await query<State>(
        connection,
        loadSql('postgres/queries/select_price_state'),
      );
      const sharedState = `${state?.shared_count} ${state?.shared_newest}`;
      const ownState = `${state?.own_count} ${state?.own_newest}`;
      if (shared?.state !== sharedState) {
        const index = indexCards(await loadCards(connection, null));
        shared = { state: sharedState, index, price: createPriceEvent(EMPTY, index) };
      }
      const whole = `${sharedState} ${ownState}`;
      if (known?.state === whole) return { ...known, checkedAt: now() };
      if (state?.own_count === 0n) return { checkedAt: now(), state: whole, price: shared.price };
      const own = indexCards(await loadCards(connection, clientId));
      return { checkedAt: now(), state: whole, price: createPriceEvent(own, shared.index) };
    });
    if (clients.size >= CLIENTS_MAX) clients.clear();
    clients.set(clientId, book);
    return book;
  }

  return async (clientId) => {
    const known = clients.get(clientId);
    if (known !== undefined && now() - known.checkedAt < refreshMs) return known.price;
    const running = refreshing.get(clientId) ?? refresh(clientId);
    refreshing.set(clientId, running);
    try {
      return (await running).price;
    } catch (error) {
      if (known === undefined) throw error;
      // Asked again after the usual while: a server that is away is not asked for each batch.
      clients.set(clientId, { ...known, checkedAt: now() });
      return known.price;
    } finally {
      refreshing.delete(clientId);
    }
  };
}
