// The table that says how the cost of the period is known: reported, computed, estimated, free or not
// at all. Each kind stands apart; unknown is never 0.
import { ratio, relativeChange } from '../../core/money.ts';
import type { Figure, Table, TableRow } from '../content.ts';
import { type Formatter, NOTHING } from '../format.ts';
import type { Totals } from './breakdown.ts';
import type { ExecutiveFacts } from './facts.ts';
import { costWord, foreignCosts, knownCost } from './known-cost.ts';

const KINDS: { status: string; name: string; detail: string }[] = [
  { status: 'reported', name: 'Reported', detail: 'by the provider' },
  { status: 'computed', name: 'Computed', detail: 'from the price book' },
  { status: 'estimated', name: 'Estimated', detail: 'from estimated usage' },
  { status: 'free', name: 'Free', detail: 'by the price book' },
  { status: 'unpriced', name: 'Unknown', detail: 'no report and no price' },
];
const HEADS = ['Calls', 'Of calls', 'Of tokens', 'Reported', 'Computed', 'Counts'];

/** One row per kind that occurs, their sum, the outliers among them, and what is not converted. */
export function buildCostTable(facts: ExecutiveFacts, formatter: Formatter): Table {
  const { all, costStatuses } = facts.current;
  const rows: TableRow[] = KINDS.flatMap(({ status, name, detail }) => {
    const totals = costStatuses.find(({ id }) => id === status);
    if (totals === undefined) return [];
    const cells = cellsOf(totals, all, status, formatter);
    return [{ label: { name, detail, id: status }, cells, isTotal: false }];
  });
  if (rows.length > 0) rows.push(...closingRows(facts, formatter));
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

function closingRows(facts: ExecutiveFacts, formatter: Formatter): TableRow[] {
  const { all } = facts.current;
  const total: TableRow = {
    label: { name: 'All', detail: '', id: 'all' },
    cells: cellsOf(all, all, 'all', formatter),
    isTotal: true,
  };
  const partOf = (id: string, name: string, detail: string, calls: string, counts: Figure) => {
    const unknown = formatter.figure('money', null, NOTHING);
    const cells = [
      formatter.figure('integer', calls),
      formatter.figure('percent', ratio(calls, all.calls)),
      formatter.figure('percent', null, NOTHING),
      unknown,
      unknown,
      counts,
    ];
    return { label: { name, detail, id }, cells, isTotal: false };
  };
  // Where all that is known is in one other currency, the rows above have named it.
  const isNamed = knownCost(all) === null && all.otherCurrency !== null;
  const foreign = (isNamed ? [] : foreignCosts(facts)).map(({ id, paidCalls, cost }) => {
    const counts = formatter.figure('money', null, formatter.foreignMoney(id, cost));
    return partOf(id, `In ${id}`, 'not converted', paidCalls, counts);
  });
  const { outliers } = facts;
  if (outliers.calls === '0') return [total, ...foreign];
  const counts = amount(outliers.cost, all, formatter);
  return [total, partOf('outliers', 'Outliers', 'among these', outliers.calls, counts), ...foreign];
}

function cellsOf(totals: Totals, all: Totals, status: string, formatter: Formatter): Figure[] {
  const { cost, reportedCost, computedCost, comparedReportedCost } = totals;
  const isKnown = knownCost(totals) !== null;
  const isMixed = status === 'reported' || status === 'all';
  // A sum of nothing is 0, but neither a report nor a price.
  const isReported = reportedCost !== '0' || status === 'reported';
  const isComputed = computedCost !== '0' || comparedReportedCost !== '0' || !isMixed;
  const cell = (isShown: boolean, value: string) =>
    isKnown && isShown ? amount(value, all, formatter) : formatter.figure('money', null, NOTHING);
  return [
    formatter.figure('integer', totals.calls),
    formatter.figure('percent', ratio(totals.calls, all.calls)),
    formatter.figure('percent', ratio(totals.totalTokens, all.totalTokens)),
    cell(isReported, reportedCost),
    cell(isComputed, computedCost),
    isKnown
      ? amount(cost, all, formatter)
      : formatter.figure('money', null, costWord(totals, formatter)),
  ];
}

function amount(value: string, all: Totals, formatter: Formatter): Figure {
  const figure = formatter.figure('money', value);
  return { ...figure, text: formatter.columnAmount(value, all.cost) };
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
