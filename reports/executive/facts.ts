// Reads everything that the executive report of one client and period stands on. Exact numbers as
// decimal text; no formatting, no judgement.
import {
  addDays,
  daysBetween,
  type Period,
  type PeriodKind,
  periodContaining,
  shiftPeriod,
} from '../../core/calendar.ts';
import { type ClientZone, listZones } from '../../core/client-zones.ts';
import { AppError } from '../../core/errors.ts';
import { difference, sumDecimals } from '../../core/money.ts';
import { type Pool, query, withTransaction } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { readCopyState } from '../../pipeline/copy.ts';
import { type Freshness, loadBounds, loadFreshness } from '../../pipeline/freshness.ts';
import type { Warehouse } from '../../pipeline/warehouse.ts';
import { type Breakdown, loadBreakdown } from './breakdown.ts';
import type { Spending } from './known-cost.ts';
import { loadRestated, type RestatedFact } from './restated.ts';
import { loadSmsFacts, type SmsFacts } from './sms-facts.ts';

/** Totals of a day or a period that begins at `start`. */
export interface HistoryPoint extends Spending {
  start: string;
}

export interface ExecutiveFacts {
  client: {
    id: string;
    name: string;
    timeZone: string;
    weekStart: number;
    currency: string;
    locale: string;
  };
  period: Period;
  previous: Period;
  current: Breakdown;
  before: Breakdown;
  /** Calls of this period that cost far more than is usual for their model. */
  outliers: { calls: string; cost: string };
  /** The twelve periods up to this one that have calls. */
  history: HistoryPoint[];
  /** Days with calls from a year and a month before the period's end. */
  days: HistoryPoint[];
  completeness: {
    inPostgres: string;
    inWarehouse: string;
    /** Of what counts, adjustments included, and of what was reported; over all currencies. */
    costDifference: string;
    reportedCostDifference: string;
  };
  /** Only of a client with texts in either period. */
  sms?: SmsFacts;
  /** The instant of the snapshot, by Postgres' clock. */
  asOf: string;
  /** When the report is made, by the clock that decided that it is due. */
  now: string;
  /** The zones that its days were counted in since the period before began; absent where it was one. */
  zones?: ClientZone[];
  /** How far the data reach, and where the period ends. */
  freshness: Freshness;
  /** Figures of either period that late data changed after it had closed. */
  restated: RestatedFact[];
}

export const HISTORY_PERIODS = 12;

/** The day after the last that the snapshot holds anything of, and never after the period. */
export function dataEnd({ freshness, period }: ExecutiveFacts): string {
  const next = addDays(freshness.dataDate, 1);
  return next < period.end ? next : period.end;
}

/** How many days of the period had begun at the snapshot, or undefined once it was over. */
export function openDays(facts: ExecutiveFacts): number | undefined {
  const { freshness, period } = facts;
  if (freshness.dataDate >= period.end) return undefined;
  return Math.max(0, daysBetween(period.start, dataEnd(facts)));
}

interface ClientRow {
  client_id: string;
  client_name: string;
  time_zone: string;
  week_start: number;
  currency: string;
  locale: string;
}

/** Loads the facts. Throws ERR_NOT_FOUND when the warehouse does not know the client. */
export async function loadExecutiveFacts(
  pool: Pool,
  warehouse: Warehouse,
  clientId: string,
  toPeriod: (weekStart: number) => Period,
  now: Date,
): Promise<ExecutiveFacts> {
  const client = await loadClient(warehouse, clientId);
  const period = toPeriod(client.weekStart);
  const previous = shiftPeriod(period, -1, client.weekStart);
  const first = shiftPeriod(period, 1 - HISTORY_PERIODS, client.weekStart);
  const firstMonth = shiftPeriod(periodContaining('month', period.start, 1), -12, 1);
  const state = await readCopyState(warehouse);
  if (state === undefined)
    throw new AppError('ERR_NOT_FOUND', 'the warehouse is empty', { fix: 'run: daybook copy' });
  const current = await loadBreakdown(warehouse, client, period);
  const sms = await loadSmsFacts(warehouse, client, period, previous);
  const zones = zonesSince(await listZones(pool, clientId), previous.start);
  return {
    client,
    period,
    previous,
    current,
    before: await loadBreakdown(warehouse, client, previous),
    outliers: await loadOutliers(warehouse, client, period),
    history: await loadHistory(warehouse, client, period.kind, first.start, period.end),
    days: await loadHistory(warehouse, client, 'day', firstMonth.start, period.end),
    completeness: await compareWithBooks(pool, warehouse, client, period, current, state.snapshot),
    ...(sms === undefined ? {} : { sms }),
    ...(zones.length > 1 ? { zones } : {}),
    asOf: state.as_of,
    now: now.toISOString(),
    freshness: await loadFreshness(pool, warehouse, client, period, now),
    restated: await loadRestated(pool, client.id, [period, previous], state.as_of),
  };
}

/** The zone of that day and those since. */
function zonesSince(zones: ClientZone[], day: string): ClientZone[] {
  return zones.filter((_, index) => (zones[index + 1]?.from ?? END_OF_TIME) > day);
}

const END_OF_TIME = '9999-12-31';

type Client = ExecutiveFacts['client'];

async function loadClient(warehouse: Warehouse, clientId: string): Promise<Client> {
  const [row] = await warehouse.rows<ClientRow>(loadSql('duckdb/reports/select_client'), {
    client_id: clientId,
  });
  if (row === undefined) {
    throw new AppError('ERR_NOT_FOUND', `there is no client "${clientId}"`, {
      fix: 'see: npm run daybook -- clients list',
    });
  }
  return {
    id: row.client_id,
    name: row.client_name,
    timeZone: row.time_zone,
    weekStart: row.week_start,
    currency: row.currency,
    locale: row.locale,
  };
}

interface HistoryRow {
  period_start: string;
  calls: string;
  priced_calls: string;
  paid_calls: string;
  other_calls: string;
  other_cost: string;
  other_currency: string | null;
  total_tokens: string;
  effective_cost: string;
}

async function loadHistory(
  warehouse: Warehouse,
  client: Client,
  kind: PeriodKind,
  from: string,
  until: string,
): Promise<HistoryPoint[]> {
  const rows = await warehouse.rows<HistoryRow>(loadSql('duckdb/reports/usage_history'), {
    client_id: client.id,
    currency: client.currency,
    period_kind: kind,
    range_from: from,
    range_until: until,
  });
  return rows.map((row) => ({
    start: row.period_start,
    calls: row.calls,
    pricedCalls: row.priced_calls,
    paidCalls: row.paid_calls,
    otherCalls: row.other_calls,
    otherCost: row.other_cost,
    otherCurrency: row.other_currency,
    totalTokens: row.total_tokens,
    cost: row.effective_cost,
  }));
}

/** Counts the period in Postgres as the copy's snapshot saw it, whatever has come since. */
async function compareWithBooks(
  pool: Pool,
  warehouse: Warehouse,
  client: Client,
  period: Period,
  current: Breakdown,
  snapshot: string,
): Promise<ExecutiveFacts['completeness']> {
  const bounds = await loadBounds(warehouse, client, period);
  const values = [client.id, bounds.startsAt, bounds.endsAt, snapshot];
  const [booked] = await withTransaction(pool, { clientId: client.id }, (connection) =>
    query<{ calls: string; reported_cost: string; effective_cost: string }>(
      connection,
      loadSql('postgres/queries/sum_usage_of_period'),
      values,
    ),
  );
  const { currencies } = current;
  return {
    inPostgres: booked?.calls ?? '0',
    inWarehouse: current.all.calls,
    costDifference: difference(
      booked?.effective_cost ?? '0',
      sumDecimals(currencies.map(({ cost }) => cost)),
    ),
    reportedCostDifference: difference(
      booked?.reported_cost ?? '0',
      sumDecimals(currencies.map(({ reportedCost }) => reportedCost)),
    ),
  };
}

/** Of a year up to the period's end: what a call of each model usually costs. */
async function loadOutliers(
  warehouse: Warehouse,
  client: Client,
  period: Period,
): Promise<ExecutiveFacts['outliers']> {
  const sql = loadSql('duckdb/reports/usage_outliers');
  const [row] = await warehouse.rows<{ outlier_calls: string; outlier_cost: string }>(sql, {
    client_id: client.id,
    currency: client.currency,
    range_from: period.start,
    range_until: period.end,
    usual_from: addDays(period.end, -365),
  });
  return { calls: row?.outlier_calls ?? '0', cost: row?.outlier_cost ?? '0' };
}
