// All-time totals of a client as plain numbers, for the demo's summary file.
import { periodContaining } from '../core/calendar.ts';
import type { Client } from '../core/clients.ts';
import { loadSql } from '../core/sql.ts';
import type { Warehouse } from '../pipeline/warehouse.ts';

/** Totals; costs are exact sums as decimal text: the reported one, and the one that counts. */
export interface Totals {
  requests: number;
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  cost: string;
  effective_cost: string;
}

export interface UsageSummary {
  totals: Totals;
  by_day: Record<string, Totals>;
  by_week: Record<string, Totals>;
  by_month: Record<string, Totals>;
  by_model: Record<string, Totals>;
  by_user: Record<string, Totals>;
}

interface SummaryRow {
  part: keyof UsageSummary;
  part_key: string;
  requests: string;
  input_tokens: string;
  output_tokens: string;
  total_tokens: string;
  cost: string;
  effective_cost: string;
}

const NO_USAGE: Totals = {
  requests: 0,
  input_tokens: 0,
  output_tokens: 0,
  total_tokens: 0,
  cost: '0',
  effective_cost: '0',
};

/** Reads the summary from the rollups. */
export async function summariseUsage(warehouse: Warehouse, client: Client): Promise<UsageSummary> {
  const rows = await warehouse.rows<SummaryRow>(loadSql('duckdb/reports/usage_summary'), {
    client_id: client.clientId,
    currency: client.currency,
  });
  const summary: UsageSummary = {
    totals: NO_USAGE,
    by_day: {},
    by_week: {},
    by_month: {},
    by_model: {},
    by_user: {},
  };
  for (const row of rows) {
    if (row.part === 'totals') summary.totals = toTotals(row);
    else summary[row.part][keyOf(row, client.weekStart)] = toTotals(row);
  }
  return summary;
}

function keyOf({ part, part_key: key }: SummaryRow, weekStart: number): string {
  if (part === 'by_week') return periodContaining('week', key, weekStart).key;
  return part === 'by_month' ? periodContaining('month', key, weekStart).key : key;
}

function toTotals(row: SummaryRow): Totals {
  return {
    requests: Number(row.requests),
    input_tokens: Number(row.input_tokens),
    output_tokens: Number(row.output_tokens),
    total_tokens: Number(row.total_tokens),
    cost: row.cost,
    effective_cost: row.effective_cost,
  };
}
