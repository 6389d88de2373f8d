// Group commit: requests that arrive while a transaction is under way share the next one. Each request
// resolves only after that commit; one that cannot be stored does not take the others with it.
import { isUnavailable, type Pool, setTenant, withTransaction } from '../../core/postgres.ts';
import type { PricesOf } from '../pricing/costing.ts';
import { createPriceBook } from '../pricing/price-book.ts';
import type { ParsedItem } from '../usage/event.ts';
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
  resolve(results: ItemResult[]): void;
  reject(error: unknown): void;
}

/** Makes the writer of a busy server; for one request alone it is createUsageStore. */
export function createGroupedStore(
  pool: Pool,
  pricesOf: PricesOf = createPriceBook(pool),
): StoreUsage {
  const storeAlone = createUsageStore(pool, pricesOf);
  const waiting: Request[] = [];
  let busyLanes = 0;
  const work = async () => {
    busyLanes += 1;
    while (waiting.length > 0) await storeGroup(pool, pricesOf, storeAlone, takeGroup(waiting));
    busyLanes -= 1;
  };
  return (clientId, items) => {
    if (items.length > SHARED_ITEMS_MAX) return storeAlone(clientId, items);
    return new Promise((resolve, reject) => {
      waiting.push({ clientId, items, resolve, reject });
      if (busyLanes < LANES) void work();
    });
  };
}

function takeGroup(waiting: Request[]): Request[] {
  let items = 0;
  const full = waiting.findIndex((request) => {
    items += request.items.length;
    return items > GROUP_ITEMS_MAX;
  });
  return waiting.splice(0, full === -1 ? waiting.length : Math.max(1, full));
}

/** Settles every request of the group; never throws. */
async function storeGroup(
  pool: Pool,
  pricesOf: PricesOf,
  storeAlone: StoreUsage,
  group: Request[],
): Promise<void> {
  try {
    await storeTogether(pool, pricesOf, group);
  } catch (error) {
    // Nothing was committed. Books that are away are away for each of them.
    if (group.length === 1 || isUnavailable(error)) {
      for (const request of group) request.reject(error);
      return;
    }
    for (const request of group) {
      await storeAlone(request.clientId, request.items).then(request.resolve, request.reject);
    }
  }
}

async function storeTogether(pool: Pool, pricesOf: PricesOf, group: Request[]): Promise<void> {
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
  for (const { requests, write } of writes) {
    const at = filled.findIndex((one) => one.write === write);
    answer(requests, write.resultsOf(stored[at] ?? NOTHING));
  }
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
function answer(requests: Request[], results: ItemResult[]): void {
  let start = 0;
  for (const request of requests) {
    const own = results.slice(start, start + request.items.length);
    start += request.items.length;
    request.resolve(own.map((result, index) => ({ ...result, index })));
  }
}
