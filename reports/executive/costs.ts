// The table that says how the cost of the period is known: reported, computed, estimated, free or not
// at all. Each kind stands apart; unknown is never 0.
import { ratio, relativeChange } from '../../core/money.ts';
import type { Figure, Table, TableRow } from '../content.ts';
import { type Formatter, NOTHING } from '../format.ts';
import type { Totals } from './breakdown.ts';
import type { ExecutiveFacts } from './facts.ts';

const KINDS: { status: string; name: string; detail: string }[] = [
  { status: 'reported', name: 'Reported', detail: 'by the provider' },
  { status: 'computed', name: 'Computed', detail: 'from the price book' },
  { status: 'estimated', name: 'Estimated', detail: 'from estimated usage' },
  { status: 'free', name: 'Free', detail: 'by the price book' },
  { status: 'unpriced', name: 'Unknown', detail: 'no report and no price' },
];
const HEADS = ['Calls', 'Of calls', 'Of tokens', 'Reported', 'Computed', 'Counts'];

/** One row per kind that occurs, their sum, and the outliers among them. */
export function buildCostTable(facts: ExecutiveFacts, formatter: Formatter): Table {
  const { all, costStatuses } = facts.current;
  const rows: TableRow[] = KINDS.flatMap(({ status, name, detail }) => {
    const totals = costStatuses.find(({ id }) => id === status);
    if (totals === undefined) return [];
    const cells = cellsOf(totals, all, status, formatter);
    return [{ label: { name, detail, id: status }, cells, isTotal: false }];
  });
  if (rows.length > 0) rows.push(...closingRows(all, formatter));
  return {
    id: 'costs',
    title: 'How the cost is known',
    subtitle: subtitle(all, formatter),
    labelHead: 'Cost is',
    heads: HEADS,
    rows,
    allRows: rows,
    empty: 'No calls in this period.',
  };
}

function closingRows(all: Totals, formatter: Formatter): TableRow[] {
  const total: TableRow = {
    label: { name: 'All', detail: '', id: 'all' },
    cells: cellsOf(all, all, 'all', formatter),
    isTotal: true,
  };
  if (all.outlierCalls === '0') return [total];
  const unknown = formatter.figure('money', null, NOTHING);
  const cells = [
    formatter.figure('integer', all.outlierCalls),
    formatter.figure('percent', ratio(all.outlierCalls, all.calls)),
    formatter.figure('percent', null, NOTHING),
    unknown,
    unknown,
    amount(all.outlierCost, all, formatter),
  ];
  const label = { name: 'Outliers', detail: 'among these', id: 'outliers' };
  return [total, { label, cells, isTotal: false }];
}

function cellsOf(totals: Totals, all: Totals, status: string, formatter: Formatter): Figure[] {
  const nothing = formatter.figure('money', null, NOTHING);
  const isReported = status === 'reported' || status === 'all';
  const isUnknown = status === 'unpriced';
  return [
    formatter.figure('integer', totals.calls),
    formatter.figure('percent', ratio(totals.calls, all.calls)),
    formatter.figure('percent', ratio(totals.totalTokens, all.totalTokens)),
    isReported ? amount(totals.cost, all, formatter) : nothing,
    isUnknown ? nothing : amount(totals.computedCost, all, formatter),
    isUnknown
      ? formatter.figure('money', null, 'unknown')
      : amount(totals.effectiveCost, all, formatter),
  ];
}

function amount(value: string, all: Totals, formatter: Formatter): Figure {
  const figure = formatter.figure('money', value);
  return { ...figure, text: formatter.columnAmount(value, all.effectiveCost) };
}

/** Says how far the price book and the providers are apart, where both are known. */
function subtitle(all: Totals, formatter: Formatter): string {
  const { comparedReportedCost: reported, comparedComputedCost: computed } = all;
  const change = relativeChange(computed, reported);
  const counts = 'What counts is the reported cost, else the computed one.';
  if (change === null) return counts;
  const variance = formatter.change('percent', change).text;
  return (
    `${counts} Where both are known, the price book says ${formatter.money(computed)} ` +
    `for ${formatter.money(reported)} reported (${variance}).`
  );
}
