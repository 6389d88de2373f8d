// Bedrock: Converse, and Invoke with each model family's own shape; where a body tells nothing, the
// metrics that Bedrock adds to a stream. Counts that only HTTP headers carry cannot be seen here.
import type { Answer } from '../answer.ts';
import { childOf, type Reading, textIn } from '../reading.ts';
import { readCompatible } from './compatible.ts';

export function readBedrock(answer: Answer, reading: Reading): void {
  readCompatible(answer, reading);
  reading.tier(textIn(childOf(answer.body, 'serviceTier'), 'type'));
}
