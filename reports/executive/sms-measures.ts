// The figures of texting, each with its change against the period before: what came, what became of
// it, how long it took and what an answer cost.
import { Decimal, difference, ratio, relativeChange, sumDecimals } from '../../core/money.ts';
import type { Figure, FigureFormat, Measure, Tone } from '../content.ts';
import type { Formatter } from '../format.ts';
import { type ExecutiveFacts, openDays } from './facts.ts';
import { COMPARABLE_CALLS_MIN, wordForChange } from './key-figures.ts';
import type { SmsFacts, SmsPeriod, SmsSums } from './sms-facts.ts';
import {
  costPerAnswer,
  knownAmount,
  nameOthers,
  type Pick,
  perAnswerOf,
  wordFor,
} from './sms-money.ts';

interface Definition {
  id: string;
  label: string;
  format: FigureFormat;
  measure: (period: SmsPeriod) => string | null;
  /** What a rise means. */
  rise: Tone;
  unknownText?: (period: SmsPeriod, formatter: Formatter) => string | undefined;
  /** Said in place of the figure of the period before, where there is something to say. */
  remark?: (period: SmsPeriod, formatter: Formatter) => string | undefined;
}

const costOf: Pick = ({ cost }) => cost;

/** What is in other currencies, said beside the figure: never added, never dropped. */
function besides(all: SmsSums, pick: Pick, known: string | null, formatter: Formatter): string[] {
  const named = nameOthers(all, pick, formatter);
  if (named === undefined) return [];
  return [known === null ? 'not converted' : `+ ${named}`];
}

const DEFINITIONS: Definition[] = [
  {
    id: 'texts-received',
    label: 'Texts received',
    format: 'integer',
    measure: ({ all }) => all.inbound_texts,
    rise: 'neutral',
  },
  {
    id: 'answered',
    label: 'Answered',
    format: 'percent',
    measure: (period) => ratio(countTasks(period, 'answered'), wantedTasks(period)),
    rise: 'good',
    remark: (period, formatter) => {
      const [answered, wanted] = [countTasks(period, 'answered'), wantedTasks(period)];
      return `${formatter.integer(answered)} of ${formatter.integer(wanted)}`;
    },
  },
  {
    id: 'failed',
    label: 'Failed',
    format: 'integer',
    measure: (period) => countTasks(period, 'failed'),
    rise: 'bad',
  },
  {
    id: 'time-to-answer',
    label: 'Time to an answer',
    format: 'duration',
    measure: ({ wait }) => wait.median,
    rise: 'bad',
    unknownText: () => 'no answer',
  },
  {
    id: 'cost-per-answer',
    label: 'Cost per answer',
    format: 'unit-price',
    measure: ({ all }) => costPerAnswer(all),
    rise: 'bad',
    unknownText: ({ all }, formatter) => wordFor(all, perAnswerOf(all), formatter),
    remark: ({ all }, formatter) => {
      const unknown = all.answers_of_unknown_cost;
      const count = unknown === '0' ? [] : [`${formatter.integer(unknown)} of unknown cost`];
      const parts = [...besides(all, perAnswerOf(all), costPerAnswer(all), formatter), ...count];
      return parts.length === 0 ? undefined : parts.join(', ');
    },
  },
  {
    id: 'sms-cost',
    label: 'Cost of texting',
    format: 'money',
    measure: ({ all }) => knownAmount(all, costOf, all.unknown_parts),
    rise: 'bad',
    unknownText: ({ all }, formatter) => wordFor(all, costOf, formatter),
    remark: ({ all }, formatter) =>
      besides(all, costOf, knownAmount(all, costOf, all.unknown_parts), formatter)[0],
  },
  {
    id: 'time-to-most-answers',
    label: '95 % within',
    format: 'duration',
    measure: ({ wait }) => wait.p95,
    rise: 'bad',
    unknownText: () => 'no answer',
  },
  {
    id: 'late',
    label: 'Late',
    format: 'integer',
    measure: ({ tasks }) => sumDecimals(tasks.map(({ lateTasks }) => lateTasks)),
    rise: 'bad',
  },
  {
    id: 'waiting',
    label: 'Still waiting',
    format: 'integer',
    measure: (period) =>
      sumDecimals([countTasks(period, 'received'), countTasks(period, 'working')]),
    rise: 'bad',
  },
  {
    id: 'opt-outs',
    label: 'Opted out',
    format: 'integer',
    measure: ({ tasks }) => sumDecimals(tasks.map(({ optOuts }) => optOuts)),
    rise: 'bad',
  },
  {
    id: 'segments-per-answer',
    label: 'Segments per answer',
    format: 'decimal',
    measure: ({ all }) => ratio(all.answer_segments, all.answers),
    rise: 'bad',
  },
  {
    id: 'price-against-estimate',
    label: 'Against estimate',
    format: 'percent',
    measure: ({ all }) => relativeChange(all.compared_told_cost, all.compared_estimated_cost),
    rise: 'bad',
    unknownText: ({ all }) => (all.told_texts === '0' ? 'none told yet' : 'nothing to compare'),
  },
];

/** How many tasks ended so, of a category or of all. */
export function countTasks({ tasks }: SmsPeriod, status: string, category?: string | null): string {
  const of = tasks.filter(
    (one) => one.status === status && (category === undefined || one.category === category),
  );
  return sumDecimals(of.map((one) => one.tasks));
}

/** All that had an answer to get: not those that were rightly left alone. */
export function wantedTasks(period: SmsPeriod): string {
  const all = sumDecimals(period.tasks.map(({ tasks }) => tasks));
  return difference(all, countTasks(period, 'ignored'));
}

/** All of them, in the order of the page. */
export function buildMeasures(
  facts: ExecutiveFacts,
  { current, before }: SmsFacts,
  formatter: Formatter,
  previousName: string,
): Measure[] {
  const silence = silenceOf(facts, current, before);
  return DEFINITIONS.map((definition) => {
    const { id, label, measure, rise } = definition;
    const [now, then] = [measure(current), measure(before)];
    const figure = show(definition, current, now, formatter);
    const previous = show(definition, before, then, formatter);
    const preposition = facts.period.kind === 'day' ? 'on' : 'in';
    const remark = definition.remark?.(current, formatter);
    return {
      id,
      label,
      figure,
      previous,
      change: changeOf(definition, now, then, silence, formatter),
      tone: silence === undefined ? toneOf(rise, now, then) : 'neutral',
      comparison: remark ?? `${previous.text} ${preposition} ${previousName}`,
    };
  });
}

/** A deviation is read with its sign. */
function show(
  { id, format, unknownText }: Definition,
  period: SmsPeriod,
  value: string | null,
  formatter: Formatter,
) {
  const write = id === 'price-against-estimate' ? formatter.change : formatter.figure;
  return write(format, value, unknownText?.(period, formatter));
}

/** Why nothing is compared, or undefined where it is. */
function silenceOf(facts: ExecutiveFacts, ...periods: [SmsPeriod, SmsPeriod]): string | undefined {
  if (openDays(facts) !== undefined) return 'still open';
  if (periods[1].all.inbound_texts === '0') return 'no texts before';
  const isEnough = periods.every(({ all }) => Number(all.inbound_texts) >= COMPARABLE_CALLS_MIN);
  return isEnough ? undefined : 'too few to compare';
}

function changeOf(
  { format }: Definition,
  now: string | null,
  then: string | null,
  silence: string | undefined,
  formatter: Formatter,
): Figure {
  if (silence !== undefined) return formatter.change('percent', null, silence);
  if (format !== 'percent') {
    return formatter.change('percent', relativeChange(now, then), wordForChange(now, then));
  }
  return formatter.change('points', now === null || then === null ? null : difference(now, then));
}

function toneOf(rise: Tone, now: string | null, then: string | null): Tone {
  if (rise === 'neutral' || now === null || then === null) return 'neutral';
  const direction = new Decimal(now).comparedTo(then);
  if (direction === 0) return 'neutral';
  return direction > 0 ? rise : rise === 'good' ? 'bad' : 'good';
}
