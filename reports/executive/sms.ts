// Facts → the section on texting, in figures, tables and a few sentences. Pure; a client without texts
// has none.
import assert from 'node:assert/strict';
import { canonicalDecimal, Decimal, ratio, sumDecimals } from '../../core/money.ts';
import type { Figure, Measure, ReportContent, SmsSection } from '../content.ts';
import { createFormatter, type Formatter } from '../format.ts';
import type { ExecutiveFacts } from './facts.ts';
import type { SmsFacts, SmsPeriod, SmsSums } from './sms-facts.ts';
import { buildMeasures, countTasks, wantedTasks } from './sms-measures.ts';
import { nameOthers, perAnswerOf } from './sms-money.ts';
import { buildSmsTables } from './sms-tables.ts';

/** The section, to be spread into the content: absent where there is nothing to tell. */
export function buildSms(facts: ExecutiveFacts, previousName: string): { sms?: SmsSection } {
  const { sms, client } = facts;
  if (sms === undefined) return {};
  const formatter = createFormatter(client.locale, sms.currency);
  const measures = buildMeasures(facts, sms, formatter, previousName);
  const section = {
    currency: sms.currency,
    title: 'Text messages',
    headline: headline(sms, measures, formatter),
    summary: summarise(sms, measures, formatter),
    measures,
    tables: buildSmsTables(sms.current, formatter),
    notes: [
      ...noteUnanswered(sms.current, formatter),
      ...noteUnknown(sms.current, formatter),
      ...notePrices(sms, formatter),
      ...noteCurrencies(sms.current, formatter),
    ],
  };
  return { sms: section };
}

/** What must be equal before anything is made of the facts: what, one side, the other. */
export function smsSums({ sms }: ExecutiveFacts): [string, string, string][] {
  if (sms === undefined) return [];
  const { all, categories, users, tasks } = sms.current;
  const parts = [all.answer_inbound_cost, all.answer_outbound_cost, all.answer_carrier_fee];
  parts.push(all.answer_model_cost, all.answer_transcription_cost);
  const sumOf = (groups: SmsSums[], currency: string) => {
    const own = groups.flatMap(({ others }) => others.filter(({ id }) => id === currency));
    return sumDecimals(own.map(({ costs }) => costs.cost));
  };
  return [
    ...all.others.flatMap(({ id, costs }): [string, string, string][] => [
      [`texting in ${id} by category`, sumOf(categories, id), costs.cost],
      [`texting in ${id} by user`, sumOf(users, id), costs.cost],
    ]),
    ['texting by category', sumDecimals(categories.map(({ cost }) => cost)), all.cost],
    ['texting by user', sumDecimals(users.map(({ cost }) => cost)), all.cost],
    ['answers by part', sumDecimals(parts), all.answer_cost],
    ['tasks and what they cost', sumDecimals(tasks.map((one) => one.tasks)), all.tasks],
  ];
}

/** Words of the section, for the list of definitions. */
export function smsDefinitions({ sms, client }: ExecutiveFacts): ReportContent['definitions'] {
  if (sms === undefined) return [];
  return [
    {
      term: 'Answered',
      meaning:
        'Of the texts that had an answer to get; left alone are, for one, those of people who opted out.',
    },
    {
      term: 'Time to an answer',
      meaning: 'From the receipt of a text until its answer was on its way; the median of all.',
    },
    {
      term: 'Cost per answer',
      meaning:
        'The known cost of the texts in and out, the carrier’s fee and the model calls of all answered texts, by their number. It counts on the day of the question.',
    },
    {
      term: 'Cost of texting',
      meaning: `What was answered and what was not, in ${sms.currency}. The model’s part is also in the calls above${
        sms.currency === client.currency ? '; the texts’ own is not' : ''
      }.`,
    },
    {
      term: 'Segment',
      meaning: 'What a text is billed by: 160 plain characters, or 70 of others.',
    },
  ];
}

function headline({ current }: SmsFacts, measures: Measure[], formatter: Formatter): string {
  const received = figureOf(measures, 'texts-received');
  if (received.value === '0') return 'No text came in this period';
  const answered = countTasks(current, 'answered');
  const wanted = plural(wantedTasks(current), 'text', formatter);
  const message = `${formatter.integer(answered)} of ${wanted} got an answer`;
  const cost = figureOf(measures, 'cost-per-answer');
  if (answered === '0' || cost.value === null) return message;
  const others = nameOthers(current.all, perAnswerOf(current.all), formatter);
  return `${message}, at ${cost.text}${others === undefined ? '' : ` + ${others}`} each`;
}

/** Why: where the time went, and where the money. */
function summarise({ current }: SmsFacts, measures: Measure[], formatter: Formatter): string {
  const { all, wait } = current;
  if (wait.median === null) return 'There is no time to an answer, and no cost of one.';
  const half = `Half of the answers took ${figureOf(measures, 'time-to-answer').text} or less`;
  const twilio = [all.answer_inbound_cost, all.answer_outbound_cost, all.answer_carrier_fee];
  const share = ratio(sumDecimals(twilio), all.answer_cost);
  if (share === null) return `${half}.`;
  const others = nameOthers(all, ({ answer_cost }) => answer_cost, formatter);
  if (others !== undefined) {
    return `${half}; they are known to have cost ${formatter.money(all.answer_cost)} + ${others}.`;
  }
  // "100 %" with a rest would be odd: one decimal more shows it.
  const percent = formatter.figure('percent', share).text;
  return `${half}; ${percent} of their known cost went to Twilio, the rest to models.`;
}

function figureOf(measures: Measure[], id: string): Figure {
  const found = measures.find((one) => one.id === id);
  assert.ok(found, `no measure ${id}`);
  return found.figure;
}

const REASONS: Record<string, string> = {
  openai_timeout: 'OpenAI took too long',
  openai_error: 'OpenAI gave an error',
  twilio_error: 'Twilio did not take the answer',
  database_error: 'the database was away',
  validation_error: 'the text could not be used',
  system_error: 'the system erred',
};

type Note = SmsSection['notes'][number];

function noteUnanswered(period: SmsPeriod, formatter: Formatter): Note[] {
  const failed = period.tasks.filter(({ status }) => status === 'failed');
  const count = countTasks(period, 'failed');
  const notes: Note[] = [];
  if (count !== '0') {
    const reasons = Map.groupBy(failed, ({ errorType }) => errorType);
    const texts = [...reasons]
      .map(([reason, tasks]) => ({ reason, tasks: sumDecimals(tasks.map((one) => one.tasks)) }))
      .sort((one, other) => new Decimal(other.tasks).comparedTo(one.tasks))
      .map(
        ({ reason, tasks }) =>
          `${REASONS[reason ?? ''] ?? 'no reason is noted'} (${formatter.integer(tasks)})`,
      );
    notes.push({
      lead: `${plural(count, 'text', formatter)} failed:`,
      rest: `${texts.join(', ')}.`,
    });
  }
  const ignored = countTasks(period, 'ignored');
  if (ignored !== '0') {
    const optOuts = sumDecimals(period.tasks.map((one) => one.optOuts));
    const rest = optOuts === '0' ? '' : `${formatter.integer(optOuts)} opted out.`;
    notes.push({ lead: `${plural(ignored, 'text', formatter)} had no answer to get.`, rest });
  }
  return notes;
}

function noteUnknown({ all }: SmsPeriod, formatter: Formatter): Note[] {
  if (all.answers_of_unknown_cost === '0') return [];
  const kinds: [string, string][] = [
    [sumDecimals([all.answer_unknown_inbound, all.answer_unknown_outbound]), 'text'],
    [all.answer_unknown_fees, 'carrier fee'],
    [all.answer_unknown_models, 'model call'],
    [all.answer_unknown_transcriptions, 'transcription'],
  ];
  const parts = kinds.filter(([count]) => count !== '0');
  const listed = parts.map(([count, name]) => plural(count, name, formatter)).join(', ');
  return [
    {
      lead: `${plural(all.answers_of_unknown_cost, 'answer', formatter)} cost more than is known:`,
      rest: `nobody told the cost of ${listed}.`,
    },
  ];
}

function notePrices({ current }: SmsFacts, formatter: Formatter): Note[] {
  const { told_texts, inbound_texts, outbound_texts } = current.all;
  const texts = sumDecimals([inbound_texts, outbound_texts]);
  if (texts === '0') return [];
  const told = formatter.integer(told_texts);
  const lead = `Twilio has told the price of ${told} of ${plural(texts, 'text', formatter)}.`;
  const price = formatter.money(current.all.compared_told_cost);
  const estimate = formatter.money(current.all.compared_estimated_cost);
  if (told_texts === '0') return [{ lead, rest: 'All stand as they were estimated.' }];
  const rest =
    current.all.compared_texts === '0'
      ? `There is no estimate in ${formatter.currencySymbol} to compare it with.`
      : `Where both are known it is ${price} for ${estimate} estimated.`;
  return [{ lead, rest }];
}

function noteCurrencies({ all: { others } }: SmsPeriod, formatter: Formatter): Note[] {
  if (others.length === 0) return [];
  const amounts = others.map(({ id, costs }) => `${id} ${canonicalDecimal(costs.cost)}`);
  const rest = `are not converted, and in no figure in ${formatter.currencySymbol}.`;
  return [{ lead: `${amounts.join(' and ')} in other currencies`, rest }];
}

function plural(count: string, name: string, formatter: Formatter): string {
  return `${formatter.integer(count)} ${name}${count === '1' ? '' : 's'}`;
}
