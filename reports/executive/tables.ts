// The tables behind the first page: who and what the period's calls and cost belong to.
import { Decimal, difference, ratio, sumDecimals } from '../../core/money.ts';
import type { Figure, Label, Table, TableRow } from '../content.ts';
import { type Formatter, maskPerson } from '../format.ts';
import type { Totals } from './breakdown.ts';
import { reportLabels } from './changes.ts';
import { buildCostTable } from './costs.ts';
import type { ExecutiveFacts } from './facts.ts';
import { costPerPaidCall, tokensPerCall } from './key-figures.ts';
import { costWord, knownCost, sumSpending, unpricedCalls } from './known-cost.ts';
import { modelKey, providerName } from './names.ts';

const SHOWN_ROWS_MAX = 10;
const SHOWN_UNPRICED_MAX = 6;

interface Part {
  label: Label;
  totals: Totals;
}

interface Column {
  head: string;
  figure: (totals: Totals, all: Totals, formatter: Formatter) => Figure;
}

interface TableOptions {
  id: string;
  title: string;
  subtitle: string;
  labelHead: string;
  columns: Column[];
  empty: string;
  shownMax?: number;
}

const CALLS: Column = {
  head: 'Calls',
  figure: (totals, _all, f) => f.figure('integer', totals.calls),
};
const TOKENS: Column = {
  head: 'Tokens',
  figure: (totals, _all, f) => f.figure('integer', totals.totalTokens),
};
const UNPRICED: Column = {
  head: 'Without a cost',
  figure: (totals, _all, f) => f.figure('integer', unpricedCalls(totals)),
};
const COST: Column = {
  head: 'Cost',
  figure: (totals, all, f) => {
    const cost = knownCost(totals);
    const figure = f.figure('money', cost, costWord(totals, f));
    return cost === null ? figure : { ...figure, text: f.columnAmount(cost, all.cost) };
  },
};
const SHARE_OF_COST: Column = {
  head: 'Share of cost',
  // A call of unknown cost has no share of spend: unknown is not 0 %.
  figure: (totals, all, f) =>
    f.figure('percent', knownCost(totals) === null ? null : ratio(totals.cost, all.cost)),
};
const COST_PER_PAID_CALL: Column = {
  head: 'Per paid call',
  figure: (totals, _all, f) => f.figure('unit-price', costPerPaidCall(totals)),
};
const TOKENS_PER_CALL: Column = {
  head: 'Tokens per call',
  figure: (totals, _all, f) => f.figure('integer', tokensPerCall(totals)),
};
const USERS: Column = {
  head: 'Users',
  figure: (totals, _all, f) => f.figure('integer', totals.users),
};
const TOKENS_PER_USER: Column = {
  head: 'Tokens per user',
  figure: (totals, _all, f) => f.figure('integer', ratio(totals.tokensOfUsers, totals.users)),
};
const SHARE_OF_UNPRICED: Column = {
  head: 'Share of them',
  figure: (totals, all, f) => f.figure('percent', ratio(unpricedCalls(totals), unpricedCalls(all))),
};

/** All tables, in the order of the pages. */
export function buildTables(facts: ExecutiveFacts, formatter: Formatter): Table[] {
  const { current } = facts;
  const build = (parts: Part[], options: TableOptions) =>
    buildTable(parts, current.all, options, formatter);
  const models = modelParts(facts);
  const users = personParts(current.users);
  return [
    buildCostTable(facts, formatter),
    build(byCost(models), {
      id: 'models',
      title: 'Top models',
      labelHead: 'Model',
      empty: 'No calls in this period.',
      subtitle: `By cost in ${formatter.currencySymbol}; the share is of the cost that is known.`,
      columns: [CALLS, UNPRICED, TOKENS, COST_PER_PAID_CALL, COST, SHARE_OF_COST],
    }),
    build(byCost(users), {
      id: 'users',
      title: 'Top users by cost',
      labelHead: 'User',
      empty: 'No call named a user.',
      subtitle: 'People appear by the client’s own id or a masked number.',
      columns: [CALLS, UNPRICED, TOKENS, COST_PER_PAID_CALL, COST, SHARE_OF_COST],
    }),
    build(unpricedParts(users), {
      id: 'unpriced-users',
      title: 'Calls without a cost, by user',
      labelHead: 'User',
      subtitle: 'Their cost is unknown, not zero.',
      empty: 'The cost of every call is known.',
      columns: [CALLS, UNPRICED, SHARE_OF_UNPRICED],
      shownMax: SHOWN_UNPRICED_MAX,
    }),
    build(unpricedParts(models), {
      id: 'unpriced-models',
      title: 'Calls without a cost, by model',
      labelHead: 'Model',
      subtitle: 'Their cost is unknown, not zero.',
      empty: 'The cost of every call is known.',
      columns: [CALLS, UNPRICED, SHARE_OF_UNPRICED],
      shownMax: SHOWN_UNPRICED_MAX,
    }),
    build(byCalls(namedParts(current.chatbots)), {
      id: 'chatbots',
      title: 'Top chatbots',
      labelHead: 'Chatbot',
      empty: 'No call named a chatbot.',
      subtitle: 'By calls.',
      columns: [CALLS, TOKENS, COST, SHARE_OF_COST],
    }),
    build(byCalls(providerParts(facts)), {
      id: 'providers',
      title: 'Average tokens, by provider',
      labelHead: 'Provider',
      empty: 'No calls in this period.',
      subtitle: 'Per user counts calls that name one.',
      columns: [CALLS, USERS, TOKENS_PER_CALL, TOKENS_PER_USER, COST],
    }),
  ];
}

function buildTable(
  parts: Part[],
  all: Totals,
  options: TableOptions,
  formatter: Formatter,
): Table {
  const { columns, shownMax = SHOWN_ROWS_MAX, ...texts } = options;
  const toRow = ({ label, totals }: Part, isTotal = false): TableRow => ({
    label,
    cells: columns.map((column) => column.figure(totals, all, formatter)),
    isTotal,
  });
  const allRows = parts.map((part) => toRow(part));
  const shownCount = parts.length === shownMax + 1 ? parts.length : shownMax;
  const rows = allRows.slice(0, shownCount);
  const others = parts.slice(shownCount);
  if (others.length > 0) rows.push(withoutUsers(toRow(sumParts(others)), columns));
  if (parts.length > 1) rows.push(toRow({ label: plainLabel('All'), totals: all }, true));
  return { ...texts, heads: columns.map((column) => column.head), rows, allRows };
}

function sumParts(parts: Part[]): Part {
  const sum = (pick: (totals: Totals) => string) =>
    sumDecimals(parts.map((part) => pick(part.totals)));
  return {
    label: plainLabel(`${parts.length} others`),
    totals: {
      ...sumSpending(parts.map(({ totals }) => totals)),
      inputTokens: sum((totals) => totals.inputTokens),
      outputTokens: sum((totals) => totals.outputTokens),
      reportedCost: sum((totals) => totals.reportedCost),
      computedCost: sum((totals) => totals.computedCost),
      comparedReportedCost: sum((totals) => totals.comparedReportedCost),
      comparedComputedCost: sum((totals) => totals.comparedComputedCost),
      users: '0',
      tokensOfUsers: sum((totals) => totals.tokensOfUsers),
    },
  };
}

/** One user may stand in several parts: distinct counts cannot be added. */
function withoutUsers(row: TableRow, columns: Column[]): TableRow {
  const cells = row.cells.map((cell, index) => {
    return columns[index] === USERS ? { ...cell, value: null, text: '–' } : cell;
  });
  return { ...row, cells };
}

function modelParts(facts: ExecutiveFacts): Part[] {
  const labels = reportLabels(facts);
  return facts.current.models.map((totals) => ({
    label: labels.get(modelKey(totals)) as Label,
    totals,
  }));
}

function providerParts({ current }: ExecutiveFacts): Part[] {
  return current.providers.map((totals) => ({
    label: { name: providerName(totals.id), detail: '', id: totals.id },
    totals,
  }));
}

function personParts(users: (Totals & { id: string | null })[]): Part[] {
  return users.map(({ id, ...totals }) => ({
    label: plainLabel(id === null ? 'no user named' : maskPerson(id)),
    totals,
  }));
}

/** Nothing to list where no call named one; else the calls that did not are a row of their own. */
function namedParts(parts: (Totals & { id: string | null })[]): Part[] {
  if (parts.every(({ id }) => id === null)) return [];
  return parts.map(({ id, ...totals }) => ({
    label: plainLabel(id === null ? 'no chatbot named' : maskPerson(id)),
    totals,
  }));
}

function unpricedParts(parts: Part[]): Part[] {
  const unpriced = parts.filter(({ totals }) => unpricedCalls(totals) !== '0');
  return sortBy(unpriced, ({ totals }) => unpricedCalls(totals));
}

function byCost(parts: Part[]): Part[] {
  return sortBy(
    sortBy(parts, ({ totals }) => totals.calls),
    ({ totals }) => totals.cost,
  );
}

function byCalls(parts: Part[]): Part[] {
  return sortBy(parts, ({ totals }) => totals.calls);
}

function sortBy(parts: Part[], measure: (part: Part) => string): Part[] {
  return parts.toSorted((left, right) => new Decimal(measure(right)).comparedTo(measure(left)));
}

function plainLabel(name: string): Label {
  return { name, detail: '', id: name };
}

/** Success and error rate over the calls whose status is known, in words. */
export function describeStatus({ current }: ExecutiveFacts, formatter: Formatter): string {
  const count = (status: string | null) =>
    sumDecimals(current.statuses.filter(({ id }) => id === status).map(({ calls }) => calls));
  const known = difference(current.all.calls, count(null));
  if (known === '0') return 'Success and error rate: not reported.';
  const share = (status: string) => formatter.figure('percent', ratio(count(status), known)).text;
  const unknown = count(null);
  const rest = unknown === '0' ? '' : `; ${formatter.integer(unknown)} calls did not say`;
  return (
    `Of ${formatter.integer(known)} calls with a known status, ${share('success')} succeeded, ` +
    `${share('error')} failed and ${share('cancelled')} were cancelled${rest}.`
  );
}
