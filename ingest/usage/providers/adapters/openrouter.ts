// OpenRouter: OpenAI's usage with the cost. With a key of one's own the cost is only OpenRouter's
// fee, and the provider charges the rest.
import { sumDecimals } from '../../../../core/money.ts';
import type { Answer } from '../answer.ts';
import { childOf, type Reading, valueIn } from '../reading.ts';
import { readCompatible } from './compatible.ts';

export function readOpenRouter(answer: Answer, reading: Reading): void {
  const { usage, body } = answer;
  readCompatible(answer, reading);
  const tools = childOf(usage, 'server_tool_use_details', 'server_tool_use');
  reading.set('searches', reading.count(tools, 'web_search_requests'));
  if ((valueIn(usage, 'is_byok') ?? valueIn(body, 'is_byok')) === true)
    addUpstream(answer, reading);
}

function addUpstream({ usage }: Answer, reading: Reading): void {
  const fee = reading.amount(usage, 'cost') ?? '0';
  const upstream = reading.amount(childOf(usage, 'cost_details'), 'upstream_inference_cost');
  if (upstream === undefined) {
    delete reading.fields.cost;
    delete reading.fields.currency;
    reading.flag(
      'byok_without_upstream_cost',
      `the key is the caller's own and its provider's charge is not told: ${fee} is only a fee`,
    );
    return;
  }
  reading.cost(
    sumDecimals([fee, upstream]),
    `the key is the caller's own: OpenRouter's fee of ${fee} and the provider's charge of ` +
      `${upstream} add up`,
  );
}
