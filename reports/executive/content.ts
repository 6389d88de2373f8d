// Facts → the executive report's content. Pure; refuses to be made from rows that do not add up.
import { addDays, daysBetween } from '../../core/calendar.ts';
import { describeZones } from '../../core/client-zones.ts';
import { AppError } from '../../core/errors.ts';
import { Decimal, difference, sumDecimals } from '../../core/money.ts';
import type { Completeness, ReportContent } from '../content.ts';
import { createFormatter, currencyDigits, type Formatter } from '../format.ts';
import { buildChanges } from './changes.ts';
import { buildDays, buildMonths, buildStrip, buildWeeks, spendingBetween } from './charts.ts';
import type { ExecutiveFacts } from './facts.ts';
import { buildKeyFigures, COMPARABLE_CALLS_MIN } from './key-figures.ts';
import { costWord, foreignCosts, knownCost, NO_SPENDING } from './known-cost.ts';
import { periodName, periodRange, periodShortName, periodTitle } from './names.ts';
import { writeNarrative } from './narrative.ts';
import { buildRestated } from './restated.ts';
import { buildSms, smsDefinitions, smsSums } from './sms.ts';
import { buildTables, describeStatus } from './tables.ts';

const KIND_NAMES = { day: 'daily', week: 'weekly', month: 'monthly' } as const;

/** Composes the content. Throws ERR_CHECK_FAILED when its parts do not add up to its totals. */
export function composeExecutive(facts: ExecutiveFacts): ReportContent {
  assertAddsUp(facts);
  const { client, period } = facts;
  const formatter = createFormatter(client.locale, client.currency);
  const previousName = periodShortName(facts.previous);
  const keyFigures = buildKeyFigures(facts, formatter, previousName);
  const { id, name, timeZone, currency, locale } = client;
  return {
    report: 'executive',
    title: `Executive ${KIND_NAMES[period.kind]}`,
    client: { id, name, timeZone, currency, locale },
    period: {
      ...period,
      name: periodName(period),
      title: periodTitle(period),
      range: periodRange(period),
      previousName,
    },
    ...writeNarrative(facts, keyFigures, formatter),
    keyFigures,
    weeks: buildWeeks(facts, formatter),
    months: buildMonths(facts, formatter),
    days: buildDays(facts, formatter),
    strip: buildStrip(facts, formatter),
    changes: buildChanges(facts, formatter),
    tables: buildTables(facts, formatter),
    daily: buildDaily(facts, formatter),
    status: describeStatus(facts, formatter),
    completeness: buildCompleteness(facts, formatter),
    definitions: [
      ...definitions(zonesOf(facts), formatter.currencySymbol),
      ...smsDefinitions(facts),
    ],
    ...buildSms(facts, previousName),
    ...buildRestated(facts, formatter),
  };
}

function buildDaily(
  { period, days }: ExecutiveFacts,
  formatter: Formatter,
): ReportContent['daily'] {
  const byDate = new Map(days.map((day) => [day.start, day]));
  const dates = Array.from({ length: daysBetween(period.start, period.end) }, (_, index) =>
    addDays(period.start, index),
  );
  return {
    heads: ['Calls', 'Paid calls', 'Tokens', 'Cost'],
    rows: dates.map((date) => {
      const day = byDate.get(date) ?? NO_SPENDING;
      return {
        date,
        cells: [
          formatter.figure('integer', day.calls),
          formatter.figure('integer', day.paidCalls),
          formatter.figure('integer', day.totalTokens),
          formatter.figure('money', knownCost(day), costWord(day, formatter)),
        ],
      };
    }),
  };
}

function buildCompleteness(facts: ExecutiveFacts, formatter: Formatter): Completeness {
  const inReport = sumDecimals(facts.current.models.map((model) => model.calls));
  const { inPostgres, inWarehouse } = facts.completeness;
  return {
    inPostgres: formatter.figure('integer', inPostgres),
    inWarehouse: formatter.figure('integer', inWarehouse),
    inReport: formatter.figure('integer', inReport),
    difference: formatter.figure('integer', difference(inPostgres, inReport)),
    otherCurrencies: foreignCosts(facts).map(({ id, cost }) => `${id} ${exactAmount(id, cost)}`),
  };
}

/** Every digit, and at least as many as the currency has. */
function exactAmount(currency: string, cost: string): string {
  const exact = new Decimal(cost);
  return exact.toFixed(Math.max(exact.decimalPlaces(), currencyDigits(currency)));
}

/** A report whose parts disagree is worse than none: it stops here. */
function assertAddsUp(facts: ExecutiveFacts): void {
  const { current, completeness, period } = facts;
  const sums: [string, string, string][] = [
    ['calls in Postgres and in the warehouse', completeness.inPostgres, completeness.inWarehouse],
    ['cost in Postgres and in the warehouse', completeness.costDifference, '0'],
    ['reported cost in Postgres and in the warehouse', completeness.reportedCostDifference, '0'],
    ['calls by model', sumDecimals(current.models.map(({ calls }) => calls)), current.all.calls],
    ['cost by model', sumDecimals(current.models.map(({ cost }) => cost)), current.all.cost],
    ['cost by user', sumDecimals(current.users.map(({ cost }) => cost)), current.all.cost],
    ['cost by day', spendingBetween(facts, period.start, period.end).cost, current.all.cost],
    ...smsSums(facts),
  ];
  const wrong = sums.filter(([, left, right]) => left !== right);
  if (wrong.length === 0) return;
  const lines = wrong.map(([what, left, right]) => `  ${what}: ${left} and ${right}`);
  throw new AppError(
    'ERR_CHECK_FAILED',
    `the report for ${period.key} does not add up:\n${lines.join('\n')}`,
    {
      fix: 'no report was made; delete the warehouse file to rebuild it and run it again',
    },
  );
}

/** "Europe/Vienna"; of a client that has moved since the period before began, with the date. */
function zonesOf({ client, zones }: ExecutiveFacts): string {
  return zones === undefined ? client.timeZone : describeZones(zones);
}

function definitions(timeZone: string, currency: string): ReportContent['definitions'] {
  return [
    {
      term: 'Call',
      meaning: 'One request to a model, booked once under the client’s own event id.',
    },
    {
      term: 'Cost',
      meaning: `What the provider reported for a call, else what the price book says, summed exactly and rounded only for display. What is not in ${currency} is named by its own currency and never added.`,
    },
    {
      term: 'Cost unknown',
      meaning:
        'Neither reported nor in the price book; a reported 0 for a model that has a price is no report. Such a call is in no share of spend and is never called free.',
    },
    { term: 'Paid call', meaning: `A call with a cost above 0 in ${currency}.` },
    {
      term: 'Calls priced',
      meaning:
        'Calls whose cost is known (reported, computed, estimated or free), as a share of all calls.',
    },
    {
      term: 'Tokens',
      meaning: 'Input and output tokens as booked; a figure that was not given counts as 0.',
    },
    {
      term: 'Change',
      meaning: `Against the period before. Under ${COMPARABLE_CALLS_MIN} calls in either, or before the period is over, it is given as an amount and never as a percentage.`,
    },
    { term: 'Day', meaning: `From midnight to midnight in ${timeZone}, daylight saving included.` },
  ];
}
