// What the agent says in its own words, with the figures that it needs for that; FORGET ME is carried
// out here too, because its confirmation must be true.
import { addDays, instantOf, localDate, periodContaining } from '../../core/calendar.ts';
import { canonicalDecimal, Decimal } from '../../core/money.ts';
import { type Connection, query } from '../../core/postgres.ts';
import type { SmsConfig } from '../../core/sms-config.ts';
import { loadSql } from '../../core/sql.ts';
import { forgetUser } from '../store/forget.ts';
import { cutToSegments } from '../texts/cut.ts';
import { replaceSigns } from '../texts/sms-signs.ts';
import type { SayOutcome } from './decide.ts';
import {
  costText,
  EMPTY_TEXT,
  FORGOTTEN_TEXT,
  helpText,
  INACTIVE_TEXT,
  limitText,
  NOTHING_MORE_TEXT,
  startedText,
  stoppedText,
  usageText,
} from './replies.ts';
import type { TakenTask } from './take-task.ts';

export interface Said {
  text: string;
  /** What is left for another MORE. */
  rest: string;
}

export const MORE_SUFFIX = '... Reply MORE';

/** The text of an outcome. */
export async function saySomething(
  connection: Connection,
  settings: SmsConfig,
  taken: TakenTask,
  outcome: SayOutcome,
): Promise<Said> {
  if (outcome === 'more') return sayMore(connection, settings, taken);
  return { text: await textOf(connection, settings, taken, outcome), rest: '' };
}

async function textOf(
  connection: Connection,
  settings: SmsConfig,
  taken: TakenTask,
  outcome: Exclude<SayOutcome, 'more'>,
): Promise<string> {
  const { facts, month } = taken;
  const brand = facts.client_name;
  const limit = settings.monthlyLimits[facts.tier];
  switch (outcome) {
    case 'usage': {
      const used = (facts.request_month ?? '') >= month.key ? facts.monthly_requests : 0;
      return usageText(used, facts.is_admin ? null : limit, month.resetsOn);
    }
    case 'limit':
      return limitText(limit, month.resetsOn);
    case 'cost':
      // Some locales write amounts with blanks that would make the text a dear one.
      return replaceSigns(await sayCost(connection, taken));
    case 'forget-me':
      await forgetUser(connection, taken.clientId, taken.task, taken.takenAt);
      return FORGOTTEN_TEXT;
    case 'help':
      return helpText(brand);
    case 'started':
      return startedText(brand);
    case 'stopped':
      return stoppedText(brand);
    case 'inactive':
      return INACTIVE_TEXT;
    case 'empty':
      return EMPTY_TEXT;
  }
}

async function sayMore(
  connection: Connection,
  settings: SmsConfig,
  { clientId, task, facts }: TakenTask,
): Promise<Said> {
  const values = [clientId, task.conversation_id, task.received_at];
  const sql = loadSql('postgres/queries/select_rest');
  const [row] = await query<{ rest: string | null }>(connection, sql, values);
  if (!row?.rest) return { text: NOTHING_MORE_TEXT, rest: '' };
  return cutToSegments(row.rest, settings.segmentCaps[facts.tier], MORE_SUFFIX);
}

interface CostRow extends Record<string, unknown> {
  /** Carriers' fees are of texts that are there as such. */
  kind: 'calls' | 'texts' | 'fees';
  currency: string;
  rows: number;
  priced: number;
  cost: string;
}

/** Yesterday and the month so far, in the client's zone. */
async function sayCost(
  connection: Connection,
  { clientId, facts, takenAt }: TakenTask,
): Promise<string> {
  const zone = facts.client_time_zone;
  const today = localDate(takenAt, zone);
  const midnight = (date: string) => instantOf(date, '00:00', zone);
  const sumUp = async (start: Date, end: Date) => {
    const sql = loadSql('postgres/queries/sum_cost_between');
    return spellCost(await query<CostRow>(connection, sql, [clientId, start, end]), facts.locale);
  };
  const monthStart = periodContaining('month', today, 1).start;
  return costText(facts.client_name, {
    yesterday: await sumUp(midnight(addDays(today, -1)), midnight(today)),
    month: await sumUp(midnight(monthStart), takenAt),
  });
}

/** "$12.34 for 56 calls and 12 texts (3 of unknown cost)"; a sum for each currency. */
function spellCost(rows: CostRow[], locale: string): string {
  const count = (kind: CostRow['kind']) =>
    rows.filter((row) => row.kind === kind).reduce((sum, row) => sum + row.rows, 0);
  const unknown = rows.reduce((sum, row) => sum + row.rows - row.priced, 0);
  const sums = [...Map.groupBy(rows, ({ currency }) => currency)].map(([currency, ofCurrency]) => {
    const total = ofCurrency.reduce((sum, { cost }) => sum.plus(cost), new Decimal(0));
    return spellMoney(canonicalDecimal(total), currency, locale);
  });
  const of = `${count('calls')} calls and ${count('texts')} texts`;
  const note = unknown === 0 ? '' : ` (${unknown} of unknown cost)`;
  return `${sums.length === 0 ? 'nothing' : sums.join(' + ')} for ${of}${note}`;
}

function spellMoney(amount: string, currency: string, locale: string): string {
  // A decimal text goes through Intl exactly, as a number it would not.
  const exact = amount as Intl.StringNumericLiteral;
  return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(exact);
}
