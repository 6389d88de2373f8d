// Google's Gemini API and Vertex: the tier stands in the usage, in two languages. Claude and Llama on
// Vertex come in their own shapes.
import type { Answer } from '../answer.ts';
import { type Reading, textIn, valueIn } from '../reading.ts';
import { readCompatible } from './compatible.ts';

/** Vertex' traffic types, also as the numbers of its protobuf, in the words prices know. */
const TRAFFIC: Record<string, string> = {
  1: 'on_demand',
  2: 'provisioned_throughput',
  ON_DEMAND: 'on_demand',
  ON_DEMAND_FLEX: 'flex',
  ON_DEMAND_PRIORITY: 'priority',
  PROVISIONED_THROUGHPUT: 'provisioned_throughput',
};

export function readGoogle(answer: Answer, reading: Reading): void {
  const { usage, body } = answer;
  readCompatible(answer, reading);
  reading.tier(textIn(usage, 'serviceTier') ?? valueIn(body, 'serviceTier'));
  const traffic = valueIn(usage, 'trafficType') ?? valueIn(usage, 'traffic_type');
  const isWord = typeof traffic === 'string' || typeof traffic === 'number';
  if (isWord && Object.hasOwn(TRAFFIC, traffic)) reading.tier(TRAFFIC[traffic]);
}
