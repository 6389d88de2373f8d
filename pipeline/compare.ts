// Compares the raw tables with the books, per client and day, inside the copy's snapshot.
import { canonicalDecimal } from '../core/money.ts';
import { type Connection, query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import type { Warehouse } from './warehouse.ts';

/** Sums that both sides must agree on. */
const COMPARISONS = [
  'sum_usage_by_day',
  'sum_adjustments_by_day',
  'sum_texts_by_day',
  'sum_tasks_by_day',
  'sum_task_calls_by_day',
  'sum_errors_by_day',
];

/** Columns of decimals, whose trailing zeros the two databases write differently. */
const DECIMALS = new Set([
  ...['reported_cost', 'computed_cost', 'cost', 'new_cost', 'new_computed_cost'],
  ...['estimated_price', 'carrier_fee', 'price', 'processing_ms', 'latency_ms'],
]);

/** A sum that differs: what the books hold and what the warehouse does. */
export interface Difference {
  comparison: string;
  inBooks: object | undefined;
  inWarehouse: object | undefined;
}

type Row = Record<string, unknown>;

/** Compares the days in `calendar.compared_days`; returns what differs. */
export async function compareDays(
  connection: Connection,
  warehouse: Warehouse,
): Promise<Difference[]> {
  const days = await warehouse.rows<Record<string, string>>('from calendar.compared_days');
  if (days.length === 0) return [];
  const columns = ['client_id', 'business_date', 'starts_at', 'ends_at'];
  const values = columns.map((column) => days.map((day) => day[column]));
  const differences: Difference[] = [];
  for (const comparison of COMPARISONS) {
    const books = await query<Row>(connection, loadSql(`postgres/queries/${comparison}`), values);
    const copied = await warehouse.rows(loadSql(`duckdb/checks/${comparison}`));
    differences.push(...differencesOf(comparison, books.map(withPlainDecimals), copied));
  }
  return differences;
}

function withPlainDecimals(row: Row): Row {
  const plain = Object.entries(row).map(([column, value]) => [
    column,
    DECIMALS.has(column) ? canonicalDecimal(String(value)) : value,
  ]);
  return Object.fromEntries(plain);
}

/** Compares as sets: the order of the books depends on the collation of their database. */
function differencesOf(comparison: string, books: Row[], copied: Row[]): Difference[] {
  const inBooks = new Map(books.map((row) => [textOf(row), row]));
  const inWarehouse = new Map(copied.map((row) => [textOf(row), row]));
  const missing = [...inBooks].filter(([text]) => !inWarehouse.has(text));
  const extra = [...inWarehouse].filter(([text]) => !inBooks.has(text));
  return [
    ...missing.map(([, row]) => ({ comparison, inBooks: row, inWarehouse: undefined })),
    ...extra.map(([, row]) => ({ comparison, inBooks: undefined, inWarehouse: row })),
  ];
}

function textOf(row: Row): string {
  return JSON.stringify(Object.entries(row).sort(([one], [other]) => (one < other ? -1 : 1)));
}
