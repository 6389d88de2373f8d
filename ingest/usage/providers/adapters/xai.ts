// xAI: OpenAI's usage, chat's reasoning beside the output, and the exact cost in ticks.
import { canonicalDecimal, Decimal } from '../../../../core/money.ts';
import { decimalText } from '../../values/fields.ts';
import type { Answer } from '../answer.ts';
import { childOf, type Reading, valueIn } from '../reading.ts';
import { readCompatible } from './compatible.ts';

/** https://docs.x.ai/developers/cost-tracking: 10^10 ticks are one US dollar. */
const TICKS_PER_USD = '1e10';
const MANY_TICKS = /^\d{13,22}$/;

export function readXAI(answer: Answer, reading: Reading): void {
  readCompatible(answer, reading, { isReasoningApart: true });
  readTicks(answer, reading);
  const tools = childOf(answer.usage, 'server_side_tool_usage_details');
  reading.set('searches', reading.count(tools, 'web_search_calls'));
  reading.unit('social_searches', reading.count(tools, 'x_search_calls'));
}

export function readTicks({ usage }: Answer, reading: Reading): void {
  const told = decimalText(valueIn(usage, 'cost_in_usd_ticks')) ?? '';
  // A hundred dollars are more ticks than an amount may be.
  const ticks = MANY_TICKS.test(told) ? told : reading.amount(usage, 'cost_in_usd_ticks');
  if (ticks === undefined) return;
  const cost = canonicalDecimal(new Decimal(ticks).div(TICKS_PER_USD));
  reading.cost(cost, `${ticks} ticks of 10^-10 US dollars are ${cost}`);
}
