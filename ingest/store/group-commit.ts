// Group commit of usage: small requests, of whichever clients, share a transaction. Each resolves only
// after its commit.
import { type Pool, setTenant, withTransaction } from '../../core/postgres.ts';
import type { PricesOf } from '../pricing/costing.ts';
import { createPriceBook } from '../pricing/price-book.ts';
import type { ParsedItem } from '../usage/event.ts';
import { type GroupWatcher, groupWrites } from './groups.ts';
import {
  createUsageStore,
  type ItemResult,
  NOTHING,
  prepareWrite,
  type Stored,
  type StoreUsage,
  type UsageWrite,
} from './usage-events.ts';

// A larger request fills a transaction by itself, and others should not wait for it.
const SHARED_ITEMS_MAX = 50;
const GROUP_ITEMS_MAX = 1_000;
// While one transaction commits, the next one is being written.
const LANES = 2;

interface Request {
  clientId: string;
  items: ParsedItem[];
}

/** Makes the writer of a busy server; for one request alone it is createUsageStore. */
export function createGroupedStore(
  pool: Pool,
  pricesOf: PricesOf = createPriceBook(pool),
  watcher?: GroupWatcher,
): StoreUsage {
  const storeAlone = createUsageStore(pool, pricesOf);
  const storeShared = groupWrites<Request, ItemResult[]>({
    lanes: LANES,
    sizeMax: GROUP_ITEMS_MAX,
    sizeOf: ({ items }) => items.length,
    writeTogether: (requests) => storeTogether(pool, pricesOf, requests),
    writeAlone: ({ clientId, items }) => storeAlone(clientId, items),
    watcher,
  });
  return (clientId, items) =>
    items.length > SHARED_ITEMS_MAX
      ? storeAlone(clientId, items)
      : storeShared({ clientId, items });
}

async function storeTogether(
  pool: Pool,
  pricesOf: PricesOf,
  group: Request[],
): Promise<ItemResult[][]> {
  // Clients in one order, as the ids within each are: writers never wait for each other crosswise.
  const byClient = [...Map.groupBy(group, ({ clientId }) => clientId)].sort(([left], [right]) =>
    left < right ? -1 : 1,
  );
  const writes = await Promise.all(
    byClient.map(async ([clientId, requests]) => {
      const items = requests.flatMap((request) => request.items);
      return { clientId, requests, write: await prepareWrite(clientId, items, pricesOf) };
    }),
  );
  const filled = writes.filter(({ write }) => !write.isEmpty);
  const stored = await storeFilled(pool, filled);
  const results = new Map<Request, ItemResult[]>();
  for (const { requests, write } of writes) {
    const at = filled.findIndex((one) => one.write === write);
    shareOut(requests, write.resultsOf(stored[at] ?? NOTHING), results);
  }
  return group.map((request) => results.get(request) ?? []);
}

async function storeFilled(
  pool: Pool,
  filled: { clientId: string; write: UsageWrite }[],
): Promise<Stored[]> {
  const [first] = filled;
  if (first === undefined) return [];
  // The first tenant is set as the transaction begins, which saves a way to the server and back.
  return withTransaction(pool, { clientId: first.clientId }, async (connection) => {
    const stored: Stored[] = [];
    for (const { clientId, write } of filled) {
      if (write !== first.write) await setTenant(connection, clientId);
      stored.push(await write.run(connection));
    }
    return stored;
  });
}

/** Gives each request the results of its own items, numbered from 0 again. */
function shareOut(
  requests: Request[],
  all: ItemResult[],
  results: Map<Request, ItemResult[]>,
): void {
  let start = 0;
  for (const request of requests) {
    const own = all.slice(start, start + request.items.length);
    start += request.items.length;
    results.set(
      request,
      own.map((result, index) => ({ ...result, index })),
    );
  }
}
