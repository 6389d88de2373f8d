// Prices what was booked once more, by today's price book as of each call's own time. What differs
// is written as an adjustment beside the event; the event itself is never changed.
import { randomUUID } from 'node:crypto';
import { difference, sumDecimals } from '../../core/money.ts';
import { type Connection, type Pool, query, withTransaction } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import type { Costing, PriceEvent } from './costing.ts';
import { type StoredUsage, toPricedUsage } from './stored-usage.ts';

export interface RepriceRequest {
  clientId: string;
  from: Date;
  /** Excluded. */
  to: Date;
  /** Only calls that asked for this model or were served by it. */
  model?: string | undefined;
  /** True to compare only. */
  isDryRun: boolean;
  /** Why, in the words of whoever asks; kept with each adjustment. */
  reason: string;
  now: Date;
}

/** What a reprice changes for one model in one currency; costs are sums of what is known. */
export interface ModelChange {
  model: string;
  currency: string;
  calls: number;
  changed: number;
  costBefore: string;
  costAfter: string;
  difference: string;
  /** Calls whose cost is unknown, which no sum holds. */
  unknownBefore: number;
  unknownAfter: number;
  /** `unpriced → computed` → calls. */
  statusChanges: Record<string, number>;
}

export interface RepriceResult {
  repriceId: string;
  calls: number;
  /** Events whose cost, status, currency or computed cost differs. */
  changed: number;
  models: ModelChange[];
}

interface Change {
  row: StoredUsage;
  costing: Costing;
  currency: string;
  /** The computed cost where it is in `currency`: one in another cannot be added to the rest. */
  computedCost: string | null;
  isChanged: boolean;
}

const BATCH = 1_000;
const REASON_LENGTH_MAX = 2_000;

/** Reprices a range. `pool` is the app's; each batch is a transaction, and a repeated run goes on. */
export async function repriceUsage(
  pool: Pool,
  price: PriceEvent,
  request: RepriceRequest,
): Promise<RepriceResult> {
  const repriceId = randomUUID();
  const totals = new Map<string, ModelChange>();
  let changes: Change[] = [];
  do {
    changes = await repriceBatch(pool, price, request, repriceId, changes.at(-1)?.row);
    const groups = Map.groupBy(changes, keyOf);
    for (const [key, group] of groups) totals.set(key, addUp(totals.get(key), group));
  } while (changes.length === BATCH);
  const models = [...totals.values()].sort((left, right) => (left.model < right.model ? -1 : 1));
  return {
    repriceId,
    calls: models.reduce((sum, { calls }) => sum + calls, 0),
    changed: models.reduce((sum, { changed }) => sum + changed, 0),
    models,
  };
}

function repriceBatch(
  pool: Pool,
  price: PriceEvent,
  request: RepriceRequest,
  repriceId: string,
  last: StoredUsage | undefined,
): Promise<Change[]> {
  const { clientId, isDryRun } = request;
  return withTransaction(pool, { clientId }, async (connection) => {
    // Two reprices of a client at once would each adjust what the other has adjusted already.
    await query(connection, `select pg_advisory_xact_lock(hashtext('daybook reprice ' || $1))`, [
      clientId,
    ]);
    const rows = await query<StoredUsage>(
      connection,
      loadSql('postgres/queries/select_events_to_reprice'),
      [
        clientId,
        request.from,
        request.to,
        request.model ?? null,
        last?.occurred_at ?? '1970-01-01T00:00:00Z',
        last?.event_id ?? '',
        BATCH,
      ],
    );
    const changes = rows.map((row) => compare(row, price(toPricedUsage(row))));
    const changed = changes.filter(({ isChanged }) => isChanged);
    if (!isDryRun && changed.length > 0) await write(connection, changed, request, repriceId);
    return changes;
  });
}

function compare(row: StoredUsage, costing: Costing): Change {
  const currency = costing.currency ?? row.event_currency;
  const computedCost = costing.computedCurrency === currency ? costing.computedCost : null;
  const isChanged =
    costing.cost !== row.cost ||
    costing.costStatus !== row.cost_status ||
    computedCost !== row.computed_cost ||
    (costing.cost !== null && currency !== row.currency);
  return { row, costing, currency, computedCost, isChanged };
}

async function write(
  connection: Connection,
  changes: Change[],
  { clientId, reason, now }: RepriceRequest,
  repriceId: string,
): Promise<void> {
  await query(connection, loadSql('postgres/queries/insert_cost_adjustments'), [
    clientId,
    repriceId,
    now,
    changes.map(({ row }) => row.event_id),
    changes.map(({ row }) => row.cost),
    changes.map(({ row }) => row.cost_status),
    changes.map(({ costing }) => costing.cost),
    changes.map(({ computedCost }) => computedCost),
    changes.map(({ costing }) => costing.costStatus),
    changes.map(({ currency }) => currency),
    changes.map(({ costing }) => costing.card?.id ?? null),
    changes.map(({ costing }) =>
      [reason, ...costing.reasons].join(' ').slice(0, REASON_LENGTH_MAX),
    ),
  ]);
}

function keyOf(change: Change): string {
  return `${change.row.model}\n${currenciesOf(change)}`;
}

function currenciesOf({ row, currency }: Change): string {
  return row.cost === null || row.currency === currency
    ? currency
    : `${row.currency} → ${currency}`;
}

function addUp(total: ModelChange | undefined, changes: Change[]): ModelChange {
  const [first] = changes;
  const costsOf = (read: (change: Change) => string | null) =>
    changes.map(read).filter((cost) => cost !== null);
  const costBefore = sumDecimals([total?.costBefore ?? '0', ...costsOf(({ row }) => row.cost)]);
  const costAfter = sumDecimals([
    total?.costAfter ?? '0',
    ...costsOf(({ costing }) => costing.cost),
  ]);
  const statusChanges = { ...total?.statusChanges };
  for (const { row, costing } of changes) {
    if (row.cost_status === costing.costStatus) continue;
    const name = `${row.cost_status} → ${costing.costStatus}`;
    statusChanges[name] = (statusChanges[name] ?? 0) + 1;
  }
  return {
    model: first?.row.model ?? '',
    currency: first === undefined ? '' : currenciesOf(first),
    calls: (total?.calls ?? 0) + changes.length,
    changed: (total?.changed ?? 0) + changes.filter(({ isChanged }) => isChanged).length,
    costBefore,
    costAfter,
    difference: difference(costAfter, costBefore),
    unknownBefore:
      (total?.unknownBefore ?? 0) + changes.filter(({ row }) => row.cost === null).length,
    unknownAfter:
      (total?.unknownAfter ?? 0) + changes.filter(({ costing }) => costing.cost === null).length,
    statusChanges,
  };
}
