// The totals of one period, in all and by each dimension that a report shows. Exact numbers as decimal
// text; no formatting.
import type { Period } from '../../core/calendar.ts';
import { sumDecimals } from '../../core/money.ts';
import { loadSql } from '../../core/sql.ts';
import type { Warehouse } from '../../pipeline/warehouse.ts';

/**
 * Exact totals of some calls. The cost of `priced` calls is known: reported, computed, estimated or
 * free; that of `paid` calls is above 0 in the client's currency, of `other` calls in another one.
 */
export interface Totals {
  calls: string;
  pricedCalls: string;
  paidCalls: string;
  inputTokens: string;
  outputTokens: string;
  totalTokens: string;
  /** What counts, in the client's currency: the reported cost, else the computed one. */
  cost: string;
  reportedCost: string;
  computedCost: string;
  otherCalls: string;
  /** In `otherCurrency`; of no meaning where that is null because there are several. */
  otherCost: string;
  otherCurrency: string | null;
  /** Of the calls that have both costs: what was reported, and what the price book says. */
  comparedReportedCost: string;
  comparedComputedCost: string;
  users: string;
  tokensOfUsers: string;
}

export interface ModelTotals extends Totals {
  provider: string;
  model: string;
}

/** Totals of one period and of its parts. */
export interface Breakdown {
  all: Totals;
  models: ModelTotals[];
  providers: (Totals & { id: string })[];
  users: (Totals & { id: string | null })[];
  chatbots: (Totals & { id: string | null })[];
  statuses: (Totals & { id: string | null })[];
  currencies: { id: string; paidCalls: string; cost: string; reportedCost: string }[];
  costStatuses: (Totals & { id: string | null })[];
}

interface BreakdownRow {
  dimension: string;
  provider: string | null;
  model: string | null;
  user_id: string | null;
  chatbot_id: string | null;
  status: string | null;
  currency: string | null;
  cost_status: string | null;
  calls: string | null;
  priced_calls: string | null;
  paid_calls: string | null;
  other_calls: string | null;
  other_cost: string | null;
  other_currency: string | null;
  input_tokens: string | null;
  output_tokens: string | null;
  total_tokens: string | null;
  reported_cost: string | null;
  computed_cost: string | null;
  effective_cost: string | null;
  compared_reported_cost: string | null;
  compared_computed_cost: string | null;
  reported_cost_of_currency: string | null;
  cost_of_currency: string | null;
  users: string | null;
  tokens_of_users: string | null;
}

/** Loads the totals of a client's period. */
export async function loadBreakdown(
  warehouse: Warehouse,
  client: { id: string; currency: string },
  period: Period,
): Promise<Breakdown> {
  const rows = await warehouse.rows<BreakdownRow>(loadSql('duckdb/reports/usage_breakdown'), {
    client_id: client.id,
    currency: client.currency,
    period_kind: period.kind,
    period_start: period.start,
  });
  const of = (dimension: string) => rows.filter((row) => row.dimension === dimension);
  return {
    all: toTotals(of('all')[0]),
    models: of('model').map((row) => ({
      ...toTotals(row),
      provider: row.provider ?? '',
      model: row.model ?? '',
    })),
    providers: of('provider').map((row) => ({ ...toTotals(row), id: row.provider ?? '' })),
    users: of('user').map((row) => ({ ...toTotals(row), id: row.user_id })),
    chatbots: of('chatbot').map((row) => ({ ...toTotals(row), id: row.chatbot_id })),
    statuses: of('status').map((row) => ({ ...toTotals(row), id: row.status })),
    currencies: of('currency').map((row) => ({
      id: row.currency ?? '',
      paidCalls: sumDecimals([row.paid_calls ?? '0', row.other_calls ?? '0']),
      cost: row.cost_of_currency ?? '0',
      reportedCost: row.reported_cost_of_currency ?? '0',
    })),
    costStatuses: of('cost_status').map((row) => ({ ...toTotals(row), id: row.cost_status })),
  };
}

/** Sums over no rows are null in SQL; no calls are 0 calls. */
function toTotals(row: BreakdownRow | undefined): Totals {
  return {
    calls: row?.calls ?? '0',
    pricedCalls: row?.priced_calls ?? '0',
    paidCalls: row?.paid_calls ?? '0',
    inputTokens: row?.input_tokens ?? '0',
    outputTokens: row?.output_tokens ?? '0',
    totalTokens: row?.total_tokens ?? '0',
    cost: row?.effective_cost ?? '0',
    reportedCost: row?.reported_cost ?? '0',
    computedCost: row?.computed_cost ?? '0',
    otherCalls: row?.other_calls ?? '0',
    otherCost: row?.other_cost ?? '0',
    otherCurrency: row?.other_currency ?? null,
    comparedReportedCost: row?.compared_reported_cost ?? '0',
    comparedComputedCost: row?.compared_computed_cost ?? '0',
    users: row?.users ?? '0',
    tokensOfUsers: row?.tokens_of_users ?? '0',
  };
}
