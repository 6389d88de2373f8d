// What is known of an amount of texting: in the currency of the section, in others, which are named
// beside it and never added, or nothing, which is never 0.
import { Decimal, ratio, sumDecimals } from '../../core/money.ts';
import type { Formatter } from '../format.ts';
import type { SmsCosts, SmsOther, SmsSums } from './sms-facts.ts';

/** One of the amounts, or what is made of some. */
export type Pick = (costs: SmsCosts) => string;

/** Null where all that is known of it is in other currencies, or where nothing is. */
export function knownAmount(sums: SmsSums, pick: Pick, unknownParts: string): string | null {
  const amount = pick(sums);
  if (!new Decimal(amount).isZero()) return amount;
  return unknownParts !== '0' || othersOf(sums, pick).length > 0 ? null : amount;
}

/** What stands in place of an amount that is not known: "USD 3.50", or the word. */
export function wordFor(
  sums: SmsSums,
  pick: Pick,
  formatter: Formatter,
  word: string | undefined = 'unknown',
): string | undefined {
  return nameOthers(sums, pick, formatter) ?? word;
}

/** "USD 3.50 and GBP 1.00"; undefined where nothing of it is in another currency. */
export function nameOthers(sums: SmsSums, pick: Pick, formatter: Formatter): string | undefined {
  const others = othersOf(sums, pick);
  if (others.length === 0) return undefined;
  return others.map(({ id, costs }) => formatter.foreignMoney(id, pick(costs))).join(' and ');
}

/** The known parts of the answers' cost, by the answers. */
export function costPerAnswer(sums: SmsSums): string | null {
  const known = knownAmount(sums, ({ answer_cost }) => answer_cost, sums.answers_of_unknown_cost);
  return ratio(known, sums.answers);
}

/** The same of any currency: the answers are those of all. */
export function perAnswerOf({ answers }: SmsSums): Pick {
  return ({ answer_cost }) => ratio(answer_cost, answers) ?? '0';
}

function othersOf({ others }: SmsSums, pick: Pick): SmsOther[] {
  return others.filter(({ costs }) => !new Decimal(pick(costs)).isZero());
}

/** Several groups as one. */
export function sumGroups(groups: SmsSums[]): SmsSums {
  const byCurrency = Map.groupBy(
    groups.flatMap(({ others }) => others),
    ({ id }) => id,
  );
  return {
    ...sumCosts(groups.map(({ others: _, ...costs }) => costs)),
    others: [...byCurrency].map(([id, parts]) => ({
      id,
      costs: sumCosts(parts.map(({ costs }) => costs)),
    })),
  };
}

function sumCosts(parts: SmsCosts[]): SmsCosts {
  const columns = Object.keys(parts[0] ?? {}) as (keyof SmsCosts)[];
  const sums = columns.map((column) => [column, sumDecimals(parts.map((part) => part[column]))]);
  return Object.fromEntries(sums);
}
