// What changed: the models that contributed most to the change of the cost, and the rest in one row.
import { Decimal, difference, sumDecimals } from '../../core/money.ts';
import type { ChangeRow, ChangeTable, Label, Tone } from '../content.ts';
import { type Formatter, MINUS } from '../format.ts';
import type { ExecutiveFacts } from './facts.ts';
import { modelKey, modelLabels, periodName, periodShortName } from './names.ts';

const SHOWN_MODELS_MAX = 5;

/** A model's cost in both periods. */
export interface ModelChange {
  label: Label;
  previous: string;
  current: string;
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
  const costs = new Map<string, { previous: string; current: string }>();
  for (const model of before.models)
    costs.set(modelKey(model), { previous: model.cost, current: '0' });
  for (const model of current.models) {
    costs.set(modelKey(model), {
      previous: costs.get(modelKey(model))?.previous ?? '0',
      current: model.cost,
    });
  }
  return [...costs]
    .map(([key, cost]) => ({
      label: labels.get(key) as Label,
      ...cost,
      change: difference(cost.current, cost.previous),
    }))
    .filter(({ previous, current: now }) => previous !== '0' || now !== '0')
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
  const all = sumOf(changes, 'All models');
  const row = (change: ModelChange) => toRow(change, largestOf(all), formatter);
  const rows = shown.map(row);
  if (others.length > 0) rows.push(row(sumOf(others, `${others.length} others`)));
  if (changes.length > 0) rows.push({ ...row(all), isTotal: true });
  const total = formatter.change('money', all.change).text;
  return {
    title: `What changed: cost by model against ${lowerFirst(periodName(facts.previous))}`,
    subtitle:
      changes.length === 0
        ? 'No model reported a cost in either period.'
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
  return {
    label,
    previous: amount(previous),
    current: amount(current),
    change: { ...amount(change), text: signed(change, amount(change).text) },
    tone: toneOf(change),
    isTotal: false,
  };
}

function largestOf({ previous, current }: ModelChange): string {
  return Decimal.max(previous, current).toString();
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
  const previous = sumDecimals(changes.map((change) => change.previous));
  const current = sumDecimals(changes.map((change) => change.current));
  return {
    label: { name, detail: '', id: name },
    previous,
    current,
    change: difference(current, previous),
  };
}

function uniqueModels<T extends { provider: string; model: string }>(models: T[]): T[] {
  return [...new Map(models.map((model) => [modelKey(model), model])).values()];
}
