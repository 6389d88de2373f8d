// Reads what texting was in a period and the one before: what became of the texts, how long people
// waited, what the answers cost. Exact numbers as decimal text; no formatting.
import type { Period } from '../../core/calendar.ts';
import { canonicalDecimal, Decimal, sumDecimals } from '../../core/money.ts';
import { loadSql } from '../../core/sql.ts';
import type { Warehouse } from '../../pipeline/warehouse.ts';

/** Each in its own currency. */
const AMOUNTS = [
  ...(['cost', 'compared_texts', 'compared_told_cost', 'compared_estimated_cost'] as const),
  ...(['answer_cost', 'answer_inbound_cost', 'answer_outbound_cost'] as const),
  ...(['answer_carrier_fee', 'answer_model_cost', 'answer_transcription_cost'] as const),
  ...(['answer_inbound_estimate', 'answer_outbound_estimate'] as const),
];
/** Counted whatever they cost. */
const COUNTS = [
  ...(['tasks', 'answers', 'answers_of_unknown_cost', 'inbound_texts', 'outbound_texts'] as const),
  ...(['segments', 'told_texts', 'unknown_parts', 'answer_segments'] as const),
  ...(['answer_unknown_inbound', 'answer_unknown_outbound', 'answer_unknown_fees'] as const),
  ...(['answer_unknown_models', 'answer_unknown_transcriptions'] as const),
];
const COST_COLUMNS = [...AMOUNTS, ...COUNTS];
/** As sql/duckdb/reports/sms_costs names them; those that begin with answer_ are of answered tasks. */
export type SmsCosts = Record<(typeof COST_COLUMNS)[number], string>;

/** What a group cost in a currency that is not the section's, and in none of its figures. */
export interface SmsOther {
  id: string;
  costs: SmsCosts;
}

/** Amounts of the section's currency alone; what is counted, of all. */
export interface SmsSums extends SmsCosts {
  others: SmsOther[];
}

export interface SmsGroup extends SmsSums {
  id: string | null;
}

/** Tasks that ended alike. */
export interface SmsTasks {
  status: string;
  category: string;
  errorType: string | null;
  tasks: string;
  lateTasks: string;
  optOuts: string;
}

/** In seconds; null where nothing was answered. */
export interface SmsWait {
  median: string | null;
  p95: string | null;
}

export interface SmsPeriod {
  all: SmsSums;
  /** Null: texts of no task. */
  categories: SmsGroup[];
  /** Null: texts of nobody, such as those from short codes. */
  users: SmsGroup[];
  tasks: SmsTasks[];
  wait: SmsWait;
  /** By category. */
  waits: Map<string | null, SmsWait>;
}

export interface SmsFacts {
  /** What the texts are billed in; it need not be the client's. */
  currency: string;
  current: SmsPeriod;
  before: SmsPeriod;
}

type CostRow = Record<(typeof COST_COLUMNS)[number], string | null> & {
  dimension: string;
  currency: string;
  category: string | null;
  user_id: string | null;
};

/** Loads the facts, or nothing where there was no text in either period. */
export async function loadSmsFacts(
  warehouse: Warehouse,
  client: { id: string; currency: string },
  period: Period,
  previous: Period,
): Promise<SmsFacts | undefined> {
  const [now, before] = [
    await loadCosts(warehouse, client.id, period),
    await loadCosts(warehouse, client.id, previous),
  ];
  if (now.length === 0 && before.length === 0) return undefined;
  const currency = currencyOfTexts([...now, ...before]) ?? client.currency;
  return {
    currency,
    current: await toPeriod(warehouse, client.id, period, now, currency),
    before: await toPeriod(warehouse, client.id, previous, before, currency),
  };
}

function loadCosts(warehouse: Warehouse, clientId: string, period: Period): Promise<CostRow[]> {
  return warehouse.rows<CostRow>(loadSql('duckdb/reports/sms_costs'), {
    client_id: clientId,
    period_kind: period.kind,
    period_start: period.start,
  });
}

/**
 * The one that Twilio told most prices in, for it bills an account in one; until it told any, that
 * of the estimates. Models may be in others.
 */
function currencyOfTexts(rows: CostRow[]): string | undefined {
  const all = rows.filter(({ dimension }) => dimension === 'all');
  const counts = [...Map.groupBy(all, ({ currency }) => currency)].map(([currency, group]) => {
    const count = (columns: (keyof SmsCosts)[]) =>
      Number(sumDecimals(group.flatMap((row) => columns.map((column) => row[column] ?? '0'))));
    return {
      currency,
      told: count(['told_texts']),
      texts: count(['inbound_texts', 'outbound_texts']),
    };
  });
  counts.sort(
    (one, other) =>
      other.told - one.told || other.texts - one.texts || (one.currency < other.currency ? -1 : 1),
  );
  return counts[0]?.currency;
}

async function toPeriod(
  warehouse: Warehouse,
  clientId: string,
  period: Period,
  rows: CostRow[],
  currency: string,
): Promise<SmsPeriod> {
  const groups = (dimension: string, column: 'category' | 'user_id') => {
    const of = rows.filter((row) => row.dimension === dimension);
    return [...Map.groupBy(of, (row) => row[column])].map(([id, group]) => ({
      ...toCosts(group, currency),
      id,
    }));
  };
  const waits = await loadWaits(warehouse, clientId, period);
  const all = rows.filter(({ dimension }) => dimension === 'all');
  return {
    all: toCosts(all, currency),
    categories: groups('category', 'category'),
    users: groups('user', 'user_id'),
    tasks: await loadTasks(warehouse, clientId, period),
    wait: waits.get(null) ?? NO_WAIT,
    waits,
  };
}

/** Rows of one group, one for each currency, as one. */
function toCosts(rows: CostRow[], currency: string): SmsSums {
  const sum = (of: CostRow[], columns: (keyof SmsCosts)[]) =>
    columns.map((column) => [column, sumDecimals(of.map((row) => row[column] ?? '0'))]);
  const inCurrency = (id: string) => rows.filter((row) => row.currency === id);
  const foreign = rows.filter((row) => row.currency !== currency && !isNothing(row.cost));
  return {
    ...(Object.fromEntries([
      ...sum(inCurrency(currency), AMOUNTS),
      ...sum(rows, COUNTS),
    ]) as SmsCosts),
    others: foreign.map(({ currency: id }) => ({
      id,
      costs: Object.fromEntries(sum(inCurrency(id), COST_COLUMNS)) as SmsCosts,
    })),
  };
}

const isNothing = (cost: string | null) => new Decimal(cost ?? 0).isZero();

async function loadTasks(
  warehouse: Warehouse,
  clientId: string,
  period: Period,
): Promise<SmsTasks[]> {
  const rows = await warehouse.rows<{
    status: string;
    category: string;
    error_type: string | null;
    tasks: string;
    late_tasks: string;
    opt_outs: string;
  }>(loadSql('duckdb/reports/sms_tasks'), {
    client_id: clientId,
    period_kind: period.kind,
    period_start: period.start,
  });
  return rows.map(({ error_type, late_tasks, opt_outs, ...row }) => ({
    ...row,
    errorType: error_type,
    lateTasks: late_tasks,
    optOuts: opt_outs,
  }));
}

const NO_WAIT: SmsWait = { median: null, p95: null };

async function loadWaits(
  warehouse: Warehouse,
  clientId: string,
  period: Period,
): Promise<Map<string | null, SmsWait>> {
  const rows = await warehouse.rows<{
    category: string | null;
    median_us: string | null;
    p95_us: string | null;
  }>(loadSql('duckdb/reports/sms_waits'), {
    client_id: clientId,
    period_kind: period.kind,
    period_start: period.start,
  });
  const seconds = (micros: string | null) =>
    micros === null ? null : canonicalDecimal(new Decimal(micros).div(1_000_000));
  return new Map(
    rows.map((row) => [row.category, { median: seconds(row.median_us), p95: seconds(row.p95_us) }]),
  );
}
