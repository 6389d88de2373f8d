// What changed: the models that contributed most to the change of the cost, and the rest in one row.
import { Decimal, difference } from '../../core/money.ts';
import type { ChangeRow, ChangeTable, Figure, Label, Tone } from '../content.ts';
import { type Formatter, MINUS } from '../format.ts';
import type { ExecutiveFacts } from './facts.ts';
import { costWord, knownCost, NO_SPENDING, type Spending, sumSpending } from './known-cost.ts';
import { modelKey, modelLabels, periodName, periodShortName } from './names.ts';

const SHOWN_MODELS_MAX = 5;

/** What a model cost in both periods, and by how much the known cost changed. */
export interface ModelChange {
  label: Label;
  previous: Spending;
  current: Spending;
  change: string;
}

/** One name per model for the whole report, so that no page calls it differently. */
export function reportLabels({ current, before }: ExecutiveFacts): Map<string, Label> {
  return modelLabels(uniqueModels([...current.models, ...before.models]));
}

/** Every model of either period, the largest change first. */
export function modelChanges(facts: ExecutiveFacts): ModelChange[] {
  const { current, before } = facts;
  const labels = reportLabels(facts);
  const spent = new Map<string, { previous: Spending; current: Spending }>();
  for (const model of before.models)
    spent.set(modelKey(model), { previous: model, current: NO_SPENDING });
  for (const model of current.models) {
    const previous = spent.get(modelKey(model))?.previous ?? NO_SPENDING;
    spent.set(modelKey(model), { previous, current: model });
  }
  return [...spent]
    .map(([key, both]) => toChange(labels.get(key) as Label, both.previous, both.current))
    .filter(({ previous, current: now }) => previous.cost !== '0' || now.cost !== '0')
    .sort((left, right) =>
      new Decimal(right.change).abs().comparedTo(new Decimal(left.change).abs()),
    );
}

/** The table on the first page. */
export function buildChanges(facts: ExecutiveFacts, formatter: Formatter): ChangeTable {
  const changes = modelChanges(facts);
  // A single remaining model is shown by itself: "1 others" would save no line.
  const shownCount = changes.length === SHOWN_MODELS_MAX + 1 ? changes.length : SHOWN_MODELS_MAX;
  const shown = changes.slice(0, shownCount);
  const others = changes.slice(shownCount);
  const all = toChange(plainLabel('All models'), facts.before.all, facts.current.all);
  const largest = Decimal.max(all.previous.cost, all.current.cost).toString();
  const row = (change: ModelChange) => toRow(change, largest, formatter);
  const rows = shown.map(row);
  if (others.length > 0) rows.push(row(sumOf(others, `${others.length} others`)));
  if (changes.length > 0) rows.push({ ...row(all), isTotal: true });
  const total = formatter.change('money', all.change).text;
  return {
    title: `What changed: cost by model against ${lowerFirst(periodName(facts.previous))}`,
    subtitle:
      changes.length === 0
        ? `No model has a known cost in ${formatter.currencySymbol} in either period.`
        : `${formatter.currencySymbol}; the largest contributions to ${total}`,
    previousName: periodShortName(facts.previous),
    currentName: periodShortName(facts.period),
    rows,
  };
}

/** "week 10" inside a sentence; months and dates keep their capital. */
export function lowerFirst(name: string): string {
  return name.replace(/^Week/, 'week');
}

function toRow(
  { label, previous, current, change }: ModelChange,
  largest: string,
  formatter: Formatter,
): ChangeRow {
  const amount = (value: string) => ({
    ...formatter.figure('money', value),
    text: formatter.columnAmount(value, largest, 'bare'),
  });
  const costOf = (spent: Spending): Figure => {
    const cost = knownCost(spent);
    return cost === null
      ? formatter.figure('money', null, costWord(spent, formatter))
      : amount(cost);
  };
  const isKnown = knownCost(previous) !== null && knownCost(current) !== null;
  return {
    label,
    previous: costOf(previous),
    current: costOf(current),
    change: { ...amount(change), text: signed(change, amount(change).text) },
    // Where one of the two is unknown, nobody knows whether it is better.
    tone: isKnown ? toneOf(change) : 'neutral',
    isTotal: false,
  };
}

/** With its sign; what is too small to be shown has a size, but no sign worth reading. */
function signed(change: string, text: string): string {
  const decimal = new Decimal(change);
  if (decimal.isZero() || text.startsWith('<')) return text;
  return `${decimal.isNegative() ? MINUS : '+'}${text}`;
}

function toneOf(change: string): Tone {
  const decimal = new Decimal(change);
  if (decimal.isZero()) return 'neutral';
  return decimal.isNegative() ? 'good' : 'bad';
}

function sumOf(changes: ModelChange[], name: string): ModelChange {
  return toChange(
    plainLabel(name),
    sumSpending(changes.map(({ previous }) => previous)),
    sumSpending(changes.map(({ current }) => current)),
  );
}

function toChange(label: Label, previous: Spending, current: Spending): ModelChange {
  return { label, previous, current, change: difference(current.cost, previous.cost) };
}

function plainLabel(name: string): Label {
  return { name, detail: '', id: name };
}

function uniqueModels<T extends { provider: string; model: string }>(models: T[]): T[] {
  return [...new Map(models.map((model) => [modelKey(model), model])).values()];
}
