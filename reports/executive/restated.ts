// What late data changed of a period after it had closed: which figure, from what to what, and why. A
// report says so of its own period and of the one that it compares with.
import type { Period } from '../../core/calendar.ts';
import { difference } from '../../core/money.ts';
import { type Pool, query } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import type { FigureFormat, Restated, RestatedRow } from '../content.ts';
import type { Formatter } from '../format.ts';
import type { ExecutiveFacts } from './facts.ts';
import { periodName } from './names.ts';

export interface RestatedFact {
  /** The first day of its period. */
  start: string;
  measure: string;
  /** When the period closed, and as of the report's data. */
  oldValue: string;
  newValue: string;
  /** How many rows of the books came or changed, and what was done to them. */
  rows: string;
  reasons: string[];
}

/** The figures that are noted, the ones that matter most first. */
const MEASURES: Record<string, { label: string; format: FigureFormat }> = {
  call_cost: { label: 'Cost', format: 'money' },
  calls: { label: 'Calls', format: 'integer' },
  unpriced_calls: { label: 'Calls without a cost', format: 'integer' },
  input_tokens: { label: 'Input tokens', format: 'integer' },
  output_tokens: { label: 'Output tokens', format: 'integer' },
  text_cost: { label: 'Cost of texts', format: 'money' },
  tasks: { label: 'Tasks', format: 'integer' },
  answers: { label: 'Answers', format: 'integer' },
  texts: { label: 'Texts', format: 'integer' },
};
const NAMED_MAX = 2;

/** Reasons that count their rows; the others stand as they are. */
const COUNTED: Record<string, [one: string, many: string]> = {
  'late calls': ['late call', 'late calls'],
  'late tasks': ['late task', 'late tasks'],
  'late errors': ['late error', 'late errors'],
  repriced: ['repriced call', 'repriced calls'],
  erased: ['erased row', 'erased rows'],
  'texts and their prices': ['text or its price', 'texts or their prices'],
};

interface RestatedDbRow extends Record<string, unknown> {
  period_start: string;
  measure: string;
  old_value: string;
  new_value: string;
  row_count: bigint;
  reasons: string[];
}

/** Loads what was restated of the periods by the instant of a copy. */
export async function loadRestated(
  pool: Pool,
  clientId: string,
  periods: [Period, Period],
  asOf: string,
): Promise<RestatedFact[]> {
  const rows = await query<RestatedDbRow>(pool, loadSql('postgres/queries/select_restated'), [
    clientId,
    periods[0].kind,
    periods.map(({ start }) => start),
    asOf,
  ]);
  return rows.map((row) => ({
    start: row.period_start,
    measure: row.measure,
    oldValue: row.old_value,
    newValue: row.new_value,
    rows: String(row.row_count),
    reasons: [...new Set(row.reasons.flatMap((reason) => reason.split(', ')))],
  }));
}

/** The section; absent where nothing was restated, so that such a report is what it was before. */
export function buildRestated(
  facts: ExecutiveFacts,
  formatter: Formatter,
): { restated?: Restated } {
  const rows = [facts.period, facts.previous].flatMap((period) =>
    rowsOf(facts.restated, period, formatter),
  );
  if (rows.length === 0) return {};
  return {
    restated: {
      title: 'Restated',
      subtitle: 'What came late changed these figures after their period had closed',
      rows,
    },
  };
}

/** One line for each period of which anything was restated. */
export function restatedPoints(facts: ExecutiveFacts, formatter: Formatter) {
  return [facts.period, facts.previous].flatMap((period) => {
    const rows = rowsOf(facts.restated, period, formatter);
    const first = rows[0];
    if (first === undefined) return [];
    const named = rows.slice(0, NAMED_MAX).map(nameChange);
    const others = rows.length - named.length;
    const more = others === 0 ? '' : `, and ${others} other ${others === 1 ? 'figure' : 'figures'}`;
    return [
      {
        lead: `${periodName(period)} was restated:`,
        rest: `${named.join(', ')}${more} (${first.why}).`,
      },
    ];
  });
}

/** "calls 77 → 80"; what reads the same before and after is told by its change. */
function nameChange({ label, previous, current, change }: RestatedRow): string {
  const isSeen = previous.text !== current.text;
  const told = isSeen ? `${previous.text} → ${current.text}` : `${change.text}, to ${current.text}`;
  return `${label.toLowerCase()} ${told}`;
}

function rowsOf(restated: RestatedFact[], period: Period, formatter: Formatter): RestatedRow[] {
  const found = restated.filter(({ start }) => start === period.start);
  return Object.entries(MEASURES).flatMap(([measure, { label, format }]) =>
    found
      .filter((fact) => fact.measure === measure)
      .map((fact) => ({
        period: periodName(period),
        label,
        previous: formatter.figure(format, fact.oldValue),
        current: formatter.figure(format, fact.newValue),
        change: formatter.change(format, difference(fact.newValue, fact.oldValue)),
        why: describeReason(fact, formatter),
      })),
  );
}

/** "3 late calls"; "5 rows: late calls, repriced". */
function describeReason({ rows, reasons }: RestatedFact, formatter: Formatter): string {
  const [only] = reasons;
  const counted = reasons.length === 1 && only !== undefined ? COUNTED[only] : undefined;
  if (counted !== undefined) return `${formatter.integer(rows)} ${counted[rows === '1' ? 0 : 1]}`;
  const all = reasons.join(', ');
  return reasons.length === 1 || rows === '0' ? all : `${formatter.integer(rows)} rows: ${all}`;
}
