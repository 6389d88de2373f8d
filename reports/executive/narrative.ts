// The message of the report in words, made from the data: a headline with the two figures that
// matter, a lede that says why, and what needs attention. Every number comes from a figure.
import { daysBetween } from '../../core/calendar.ts';
import { Decimal, ratio, relativeChange } from '../../core/money.ts';
import type { KeyFigure } from '../content.ts';
import type { Formatter } from '../format.ts';
import { lowerFirst, reportLabels } from './changes.ts';
import { type ExecutiveFacts, openDays } from './facts.ts';
import { isComparable } from './key-figures.ts';
import { knownCost, nameForeignCosts, unpricedCalls } from './known-cost.ts';
import { modelKey, periodName } from './names.ts';
import { noticeOf } from './notice.ts';
import { restatedPoints } from './restated.ts';

export interface Narrative {
  headline: string;
  lede: string;
  notice?: { lead: string; rest: string };
  attention: { lead: string; rest: string }[];
}

// Less than half a per cent reads as "0 %"; such a figure is said to have held.
const HELD = '0.005';
const SHARE_OF_ONE_MODEL = '0.8';
const NEARLY_ALL = '0.995';

/** Writes headline, lede and the points that need attention. */
export function writeNarrative(
  facts: ExecutiveFacts,
  figures: KeyFigure[],
  formatter: Formatter,
): Narrative {
  const writer = {
    facts,
    formatter,
    figure: (id: string) => figures.find((figure) => figure.id === id) as KeyFigure,
  };
  return {
    headline: headline(writer),
    lede: lede(writer),
    ...noticeOf(facts),
    attention: attention(writer),
  };
}

interface Writer {
  facts: ExecutiveFacts;
  formatter: Formatter;
  figure: (id: string) => KeyFigure;
}

function headline({ facts, formatter, figure }: Writer): string {
  const { calls } = facts.current.all;
  const name = periodName(facts.period);
  const isOpen = openDays(facts) !== undefined;
  if (calls === '0') return `No calls ${isOpen ? 'so far ' : ''}${inPeriod(facts, name)}`;
  const count = plural(formatter.integer(calls), 'call');
  const cost = figure('cost');
  const foreign = nameForeignCosts(facts, formatter);
  if (cost.figure.value === null && foreign === '') return `What ${count} cost is unknown`;
  const amount = cost.figure.value === null ? `${foreign}, not converted,` : cost.figure.text;
  if (isOpen) return `Cost so far is ${amount} for ${count}`;
  const change = relativeChange(cost.figure.value, cost.previous.value);
  if (change === null || !isComparable(facts)) return `Cost was ${amount} for ${count}`;
  const verb = isNegative(change) ? 'fell' : 'rose';
  const first = isHeld(change)
    ? `Cost held at ${cost.figure.text}`
    : `Cost ${verb} ${formatter.roundPercent(change)} to ${cost.figure.text}`;
  return `${first}${secondClause(figure('cost-per-paid-call'), change, formatter)}`;
}

function secondClause(
  { figure, previous }: KeyFigure,
  costChange: string,
  formatter: Formatter,
): string {
  const change = relativeChange(figure.value, previous.value);
  if (change === null) return '';
  if (isHeld(change)) return `, at ${figure.text} per paid call as before`;
  const word = isHeld(costChange) || isNegative(change) === isNegative(costChange) ? 'and' : 'but';
  return `, ${word} each paid call cost ${formatter.roundPercent(change)} ${isNegative(change) ? 'less' : 'more'}`;
}

function lede(writer: Writer): string {
  const { facts, formatter } = writer;
  const { all } = facts.current;
  const before = facts.before.all;
  const previous = lowerFirst(periodName(facts.previous));
  const open = openDays(facts);
  if (open !== undefined) return openLede(writer, open);
  if (all.calls === '0') {
    if (before.calls === '0')
      return `Nothing was booked, nor ${inPeriod({ period: facts.previous }, previous)}.`;
    const calls = plural(formatter.integer(before.calls), 'call');
    const isUnknown = knownCost(before) === null && before.otherCalls === '0';
    const { text } = writer.figure('cost').previous;
    const cost = isUnknown ? 'of unknown cost' : `and a cost of ${text}`;
    return `Nothing was booked. The period before, ${previous}, had ${calls} ${cost}.`;
  }
  if (before.calls === '0')
    return `There were no calls ${inPeriod({ period: facts.previous }, previous)} to compare with. ${unpricedNow(writer)}`;
  if (!isComparable(facts)) {
    const least = Decimal.min(all.calls, before.calls).toString();
    return `${plural(formatter.integer(least), 'call')} in one of the two periods: too few to compare. ${unpricedNow(writer)}`;
  }
  return [unpricedChange(writer), foreignNow(writer), tokensChange(writer)]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function openLede(writer: Writer, open: number): string {
  const { period, current } = writer.facts;
  const days = plural(String(daysBetween(period.start, period.end)), 'day');
  const isOver = Date.parse(writer.facts.now) >= Date.parse(writer.facts.freshness.endsAt);
  const said = isOver
    ? `The data end before the period does: ${open} of ${days} begun.`
    : `The period is still open: ${open} of ${days} begun.`;
  return current.all.calls === '0' ? said : `${said} ${unpricedNow(writer)}`;
}

function unpricedNow(writer: Writer): string {
  const { facts, formatter } = writer;
  const unpriced = unpricedCalls(facts.current.all);
  const { calls } = facts.current.all;
  const share = `${formatter.integer(unpriced)} of ${formatter.integer(calls)}`;
  const said =
    unpriced === '0'
      ? 'The cost of every call is known.'
      : unpriced === calls
        ? 'No cost was reported, and none could be computed.'
        : `${share} calls ${unpriced === '1' ? 'has' : 'have'} no known cost.`;
  return [said, foreignNow(writer)].filter((sentence) => sentence !== '').join(' ');
}

/** Names what comes on top of a cost in the client's currency; without one the headline did. */
function foreignNow({ facts, formatter }: Writer): string {
  const foreign = nameForeignCosts(facts, formatter);
  if (foreign === '' || knownCost(facts.current.all) === null) return '';
  return `A further ${foreign} is not converted.`;
}

function unpricedChange({ facts, formatter, figure }: Writer): string {
  const now = unpricedCalls(facts.current.all);
  const before = unpricedCalls(facts.before.all);
  const paidClause = paidCallsChange(figure('paid-calls'), formatter);
  if (now === '0' && before === '0') return `The cost of every call is known, and ${paidClause}.`;
  const numbers = `${formatter.integer(before)} to ${formatter.integer(now)}`;
  const change = ratio(now, before);
  const verb =
    change === null || new Decimal(now).gt(before)
      ? `rose from ${numbers}`
      : new Decimal(change).lte('0.05')
        ? `all but stopped (${numbers})`
        : now === before
          ? `stayed at ${formatter.integer(now)}`
          : `fell from ${numbers}`;
  return `Calls without a cost ${verb}, and ${paidClause}.`;
}

function paidCallsChange({ figure, previous }: KeyFigure, formatter: Formatter): string {
  const change = relativeChange(figure.value, previous.value);
  if (figure.value === previous.value || (change !== null && isHeld(change)))
    return 'paid calls held';
  if (change === null) return `paid calls rose from ${previous.text} to ${figure.text}`;
  return `paid calls ${isNegative(change) ? 'fell' : 'rose'} ${formatter.roundPercent(change)}`;
}

function tokensChange({ formatter, figure }: Writer): string {
  const { figure: now, previous } = figure('tokens-per-call');
  const change = relativeChange(now.value, previous.value);
  if (change === null) return '';
  if (isHeld(change)) return `A call carried ${now.text} tokens, as before.`;
  return `Each call carried ${formatter.roundPercent(change)} ${isNegative(change) ? 'fewer' : 'more'} tokens.`;
}

function attention(writer: Writer): Narrative['attention'] {
  const points = [oneModel(writer), unknownCosts(writer), outliers(writer)];
  return [
    ...restatedPoints(writer.facts, writer.formatter),
    ...points.filter((point) => point !== undefined),
  ];
}

function oneModel({ facts, formatter }: Writer) {
  const { models, all } = facts.current;
  const known = models.filter((model) => knownCost(model) !== null);
  const top = known.toSorted((left, right) => new Decimal(right.cost).comparedTo(left.cost))[0];
  const share = ratio(top?.cost ?? null, all.cost);
  if (
    top === undefined ||
    share === null ||
    known.length < 2 ||
    new Decimal(share).lt(SHARE_OF_ONE_MODEL)
  )
    return undefined;
  const cost = unpricedCalls(all) === '0' ? 'cost' : 'known cost';
  const name = reportLabels(facts).get(modelKey(top))?.name ?? top.model;
  return { lead: `${shareWord(share, formatter)} of the ${cost} is one model,`, rest: `${name}.` };
}

/** A share that only rounds to all of something is not all of it. */
function shareWord(share: string, formatter: Formatter): string {
  if (new Decimal(share).equals(1)) return 'All';
  return new Decimal(share).gte(NEARLY_ALL) ? 'Nearly all' : formatter.roundPercent(share);
}

function unknownCosts({ facts, formatter }: Writer) {
  const unpriced = unpricedCalls(facts.current.all);
  if (unpriced === '0') return undefined;
  const before = unpricedCalls(facts.before.all);
  const previous = lowerFirst(periodName(facts.previous));
  return {
    lead: `${plural(formatter.integer(unpriced), 'call')} ${unpriced === '1' ? 'has' : 'have'} no known cost.`,
    rest: `What ${unpriced === '1' ? 'it' : 'they'} cost is unknown, not zero; ${previous} had ${formatter.integer(before)}.`,
  };
}

function outliers({ facts, formatter }: Writer) {
  const { calls: outlierCalls, cost: outlierCost } = facts.outliers;
  if (outlierCalls === '0') return undefined;
  const isOne = outlierCalls === '1';
  return {
    lead: `${plural(formatter.integer(outlierCalls), 'call')} cost far more than is usual for ${isOne ? 'its' : 'their'} model:`,
    rest: `${formatter.money(outlierCost)}, which is in all figures here.`,
  };
}

function inPeriod({ period }: Pick<ExecutiveFacts, 'period'>, name: string): string {
  return `${period.kind === 'day' ? 'on' : 'in'} ${lowerFirst(name)}`;
}

function isHeld(change: string): boolean {
  return new Decimal(change).abs().lt(HELD);
}

function isNegative(value: string): boolean {
  return new Decimal(value).isNegative();
}

function plural(count: string, noun: string): string {
  return `${count} ${noun}${count === '1' ? '' : 's'}`;
}
