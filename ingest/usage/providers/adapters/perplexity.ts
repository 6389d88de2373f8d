// Perplexity: OpenAI's usage with an object for the cost, and reasoning and citations beside the
// output.
import { sumDecimals } from '../../../../core/money.ts';
import type { Told } from '../../values/told-values.ts';
import type { Answer } from '../answer.ts';
import { childOf, type Reading, valueIn } from '../reading.ts';
import { readCompatible } from './compatible.ts';

export function readPerplexity(answer: Answer, reading: Reading): void {
  const { usage } = answer;
  readCompatible(answer, reading);
  readApart(usage, reading);
  reading.set('searches', reading.count(usage, 'num_search_queries'));
  const cost = childOf(usage, 'cost');
  if (cost !== undefined) readCost(cost, reading);
}

/** Deep research tells them at the top level; its total leaves them out. */
function readApart(usage: Told | undefined, reading: Reading): void {
  const reasoning = reading.count(usage, 'reasoning_tokens') ?? 0;
  const citations = reading.count(usage, 'citation_tokens') ?? 0;
  reading.unit('output_citation_tokens', citations);
  const output = reading.count(usage, 'completion_tokens');
  if (reasoning + citations === 0 || output === undefined) return;
  reading.set('output_tokens', output + reasoning + citations);
  reading.because(
    `Perplexity counts ${reasoning} reasoning and ${citations} citation tokens apart: added to ` +
      `the output of ${output}`,
  );
}

function readCost(cost: Told, reading: Reading): void {
  const told = valueIn(cost, 'currency');
  const currency = typeof told === 'string' && /^[A-Z]{3}$/.test(told) ? told : 'USD';
  const total = reading.amount(cost, 'total_cost');
  if (total === undefined)
    reading.cost(sumParts(cost, reading), 'the provider told the parts of the cost', currency);
  else reading.cost(total, 'the provider told the total cost', currency);
}

/** The sum of what was charged for each part; undefined where one cannot be read. */
function sumParts(cost: Told, reading: Reading): string | undefined {
  const names = Object.keys(cost).filter((name) => name.endsWith('_cost') && name !== 'total_cost');
  const parts = names.map((name) => reading.amount(cost, name));
  const read = parts.filter((part) => part !== undefined);
  return read.length === 0 || read.length < parts.length ? undefined : sumDecimals(read);
}
