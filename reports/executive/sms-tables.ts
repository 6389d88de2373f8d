// The tables of texting: what an answer's cost is made of, and which categories and users it is for.
import { Decimal, difference, ratio, sumDecimals } from '../../core/money.ts';
import type { Figure, Table, TableRow } from '../content.ts';
import { type Formatter, maskPerson, NOTHING } from '../format.ts';
import type { SmsCosts, SmsGroup, SmsPeriod, SmsSums } from './sms-facts.ts';
import { countTasks } from './sms-measures.ts';
import {
  costPerAnswer,
  knownAmount,
  type Pick,
  perAnswerOf,
  sumGroups,
  wordFor,
} from './sms-money.ts';

const SHOWN_USERS_MAX = 10;

/** All three, in the order of the page. */
export function buildSmsTables(period: SmsPeriod, formatter: Formatter): Table[] {
  return [
    buildParts(period.all, formatter),
    buildCategories(period, formatter),
    buildUsers(period, formatter),
  ];
}

interface Part {
  id: string;
  name: string;
  detail: string;
  cost: keyof SmsCosts;
  /** How much of it nobody told yet; null: not a matter of telling. */
  estimate: keyof SmsCosts | null;
  unknown: keyof SmsCosts;
}

const PARTS: Part[] = [
  {
    id: 'texts-in',
    name: 'Texts in',
    detail: 'Twilio',
    cost: 'answer_inbound_cost',
    estimate: 'answer_inbound_estimate',
    unknown: 'answer_unknown_inbound',
  },
  {
    id: 'texts-out',
    name: 'Texts out',
    detail: 'Twilio',
    cost: 'answer_outbound_cost',
    estimate: 'answer_outbound_estimate',
    unknown: 'answer_unknown_outbound',
  },
  {
    id: 'carrier-fees',
    name: 'Carrier fees',
    detail: 'passed on by Twilio',
    cost: 'answer_carrier_fee',
    // No price that Twilio tells has them.
    estimate: 'answer_carrier_fee',
    unknown: 'answer_unknown_fees',
  },
  {
    id: 'model',
    name: 'Model',
    detail: 'the answer',
    cost: 'answer_model_cost',
    estimate: null,
    unknown: 'answer_unknown_models',
  },
  {
    id: 'transcription',
    name: 'Transcription',
    detail: 'of recordings',
    cost: 'answer_transcription_cost',
    estimate: null,
    unknown: 'answer_unknown_transcriptions',
  },
];

const REST_LABEL = {
  name: 'Not answered',
  detail: 'failed, left alone, of no task',
  id: 'not-answered',
};

function buildParts(all: SmsSums, formatter: Formatter): Table {
  const hasTexts = all.inbound_texts !== '0' || all.outbound_texts !== '0';
  const sum = (columns: (keyof SmsCosts)[]) => (costs: SmsCosts) =>
    sumDecimals(columns.map((column) => costs[column]));
  const estimates = PARTS.flatMap(({ estimate }) => (estimate === null ? [] : [estimate]));
  const unknown = sum(PARTS.map((part) => part.unknown))(all);
  const answerCells = partCells(all, ({ answer_cost }) => answer_cost, sum(estimates), unknown);
  const rows: TableRow[] = [
    ...PARTS.map(({ id, name, detail, cost, estimate, unknown }) => {
      const pickEstimate = estimate === null ? null : (costs: SmsCosts) => costs[estimate];
      const cells = partCells(all, (costs) => costs[cost], pickEstimate, all[unknown]);
      return { label: { name, detail, id }, cells, isTotal: false };
    }),
    { label: plainLabel('All answers', 'answers'), cells: answerCells, isTotal: true },
    { label: REST_LABEL, cells: restCells(), isTotal: false },
    { label: plainLabel('All texting', 'all'), cells: allCells(), isTotal: true },
  ];
  return {
    id: 'sms-costs',
    title: 'What the answers cost',
    subtitle:
      'A text costs what Twilio told, else what was estimated; what is unknown adds nothing.',
    labelHead: 'Part',
    heads: ['Cost', 'Share of cost', 'Per answer', 'Estimated', 'Unknown parts'],
    rows: hasTexts ? [...rows, ...otherRows(all, formatter, formatter.foreignMoney)] : [],
    // Every digit, for no other sheet has them.
    allRows: [...rows, ...otherRows(all, formatter, (id, value) => `${id} ${value}`)],
    empty: 'No text came in this period.',
  };

  function partCells(
    sums: SmsSums,
    cost: Pick,
    estimate: Pick | null,
    unknownParts: string,
  ): Figure[] {
    const { answer_cost: total, answers } = sums;
    const known = knownAmount(sums, cost, unknownParts);
    const perAnswer: Pick = (costs) => ratio(cost(costs), answers) ?? '0';
    return [
      amount(sums, cost, unknownParts, total, formatter),
      formatter.figure('percent', known === null ? null : ratio(known, total)),
      formatter.figure(
        'unit-price',
        ratio(known, answers),
        wordFor(sums, perAnswer, formatter, NOTHING),
      ),
      estimate === null
        ? formatter.figure('money', null, NOTHING)
        : amount(sums, estimate, '0', total, formatter),
      formatter.figure('integer', unknownParts),
    ];
  }

  function restCells(): Figure[] {
    const nothing = formatter.figure('percent', null);
    const rest = difference(all.unknown_parts, unknown);
    const cost: Pick = (costs) => difference(costs.cost, costs.answer_cost);
    const unknownParts = formatter.figure('integer', rest);
    const cell = amount(all, cost, rest, all.answer_cost, formatter);
    return [cell, nothing, nothing, nothing, unknownParts];
  }

  function allCells(): Figure[] {
    const nothing = formatter.figure('percent', null);
    const cost = amount(all, costOf, all.unknown_parts, all.answer_cost, formatter);
    return [cost, nothing, nothing, nothing, formatter.figure('integer', all.unknown_parts)];
  }
}

const costOf: Pick = ({ cost }) => cost;

/** A row for each currency that is in none of the sums above. */
function otherRows(
  all: SmsSums,
  formatter: Formatter,
  write: (currency: string, value: string) => string,
): TableRow[] {
  const nothing = formatter.figure('percent', null);
  return all.others.map(({ id, costs }) => {
    const word = (value: string) => formatter.figure('money', null, write(id, value));
    const cells = [word(costs.cost), nothing, word(perAnswerOf(all)(costs)), nothing, nothing];
    return { label: { name: `In ${id}`, detail: 'not converted', id }, cells, isTotal: false };
  });
}

function buildCategories(period: SmsPeriod, formatter: Formatter): Table {
  const { all, categories, waits } = period;
  const rows = byCost(categories).map((costs): TableRow => {
    const { id } = costs;
    const wait = id === null ? null : (waits.get(id)?.median ?? null);
    const failed = id === null ? '0' : countTasks(period, 'failed', id);
    const label =
      id === null
        ? { name: 'No task', detail: 'such as from a short code', id: 'none' }
        : plainLabel(titleOf(id), id);
    return { label, cells: cells(costs, failed, wait), isTotal: false };
  });
  const total = plainLabel('All', 'all');
  const totals = cells(all, countTasks(period, 'failed'), period.wait.median);
  return {
    id: 'sms-categories',
    title: 'Texts by category',
    subtitle: 'By cost; the time to an answer is the median.',
    labelHead: 'Category',
    heads: ['Texts', 'Answered', 'Failed', 'Time', 'Segments', 'Cost', 'Per answer'],
    rows: rows.length > 1 ? [...rows, { label: total, cells: totals, isTotal: true }] : rows,
    allRows: rows,
    empty: 'No text came in this period.',
  };

  function cells(costs: SmsSums, failed: string, wait: string | null): Figure[] {
    return [
      formatter.figure('integer', costs.inbound_texts),
      formatter.figure('integer', costs.answers),
      formatter.figure('integer', failed),
      formatter.figure('duration', wait),
      formatter.figure('decimal', ratio(costs.answer_segments, costs.answers)),
      amount(costs, costOf, costs.unknown_parts, all.cost, formatter),
      perAnswer(costs, formatter),
    ];
  }
}

function buildUsers({ all, users }: SmsPeriod, formatter: Formatter): Table {
  const sorted = byCost(users).map(({ id, ...costs }) => {
    const name = id === null ? 'nobody known' : maskPerson(id);
    // What is archived names people by what is shown of them, in its ids too.
    return { label: plainLabel(name, name), costs };
  });
  const toRow = ({ label, costs }: (typeof sorted)[number], isTotal = false): TableRow => ({
    label,
    cells: [
      formatter.figure('integer', costs.inbound_texts),
      formatter.figure('integer', costs.answers),
      formatter.figure('integer', costs.segments),
      perAnswer(costs, formatter),
      amount(costs, costOf, costs.unknown_parts, all.cost, formatter),
      formatter.figure('percent', ratio(costs.cost, all.cost)),
    ],
    isTotal,
  });
  const shownCount = sorted.length === SHOWN_USERS_MAX + 1 ? sorted.length : SHOWN_USERS_MAX;
  const rows = sorted.slice(0, shownCount).map((user) => toRow(user));
  const others = sorted.slice(shownCount);
  if (others.length > 0) {
    const label = plainLabel(`${others.length} others`, 'others');
    rows.push(toRow({ label, costs: sumGroups(others.map(({ costs }) => costs)) }));
  }
  if (sorted.length > 1) rows.push(toRow({ label: plainLabel('All', 'all'), costs: all }, true));
  return {
    id: 'sms-users',
    title: 'Top users by cost of texting',
    subtitle: 'People who text appear by a pseudonym; segments are those in and out.',
    labelHead: 'User',
    heads: ['Texts', 'Answered', 'Segments', 'Per answer', 'Cost', 'Share of cost'],
    rows,
    allRows: sorted.map((user) => toRow(user)),
    empty: 'No text came in this period.',
  };
}

function amount(
  sums: SmsSums,
  pick: Pick,
  unknownParts: string,
  largest: string,
  formatter: Formatter,
): Figure {
  const value = knownAmount(sums, pick, unknownParts);
  const figure = formatter.figure('money', value, wordFor(sums, pick, formatter));
  return value === null ? figure : { ...figure, text: formatter.columnAmount(value, largest) };
}

function perAnswer(sums: SmsSums, formatter: Formatter): Figure {
  const word = wordFor(sums, perAnswerOf(sums), formatter, NOTHING);
  return formatter.figure('unit-price', costPerAnswer(sums), word);
}

/** The dearest first; of equals the one with more texts, then by name. */
function byCost(parts: SmsGroup[]): SmsGroup[] {
  const least = (id: string | null) => id ?? '\uffff';
  return parts.toSorted(
    (left, right) =>
      new Decimal(right.cost).comparedTo(left.cost) ||
      new Decimal(right.inbound_texts).comparedTo(left.inbound_texts) ||
      (least(left.id) < least(right.id) ? -1 : 1),
  );
}

function titleOf(category: string): string {
  return category.charAt(0).toUpperCase() + category.slice(1);
}

function plainLabel(name: string, id: string) {
  return { name, detail: '', id };
}
