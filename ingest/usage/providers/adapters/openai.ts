// OpenAI: the usage of every endpoint, and the searches of the Responses API, which are billed apart.

import type { Told } from '../../values/told-values.ts';
import type { Answer } from '../answer.ts';
import { childOf, objectsOf, type Reading, valueIn } from '../reading.ts';
import { readCompatible } from './compatible.ts';

export function readOpenAI(answer: Answer, reading: Reading): void {
  readCompatible(answer, reading);
  readSearches(answer.body, reading);
}

function readSearches(body: Told, reading: Reading): void {
  const told = reading.count(childOf(childOf(body, 'tool_usage'), 'web_search'), 'num_requests');
  const calls = objectsOf(body, 'output').filter(isSearch).length;
  reading.set('searches', told ?? (calls === 0 ? undefined : calls));
  if (told === undefined && calls > 0) reading.because(`the answer holds ${calls} web searches`);
}

/** Opening a found page is no search. */
function isSearch(item: Told): boolean {
  if (valueIn(item, 'type') !== 'web_search_call') return false;
  return (valueIn(childOf(item, 'action'), 'type') ?? 'search') === 'search';
}
