// One request body → its items. Tells a single event from a batch; an NDJSON line that is no JSON
// is one bad item, a JSON body that is no JSON is a bad request.
import { AppError } from '../../core/errors.ts';
import type { ParsedItem } from './event.ts';
import { parseNativeItem, TOO_DEEP } from './native.ts';
import { parseExactJson, splitJsonArray } from './values/exact-json.ts';

export const EVENTS_PER_REQUEST_MAX = 5_000;

/** What a request holds; a single event is answered by status, a batch item by item. */
export interface UsageRequest {
  isBatch: boolean;
  items: ParsedItem[];
}

/** Reads a body of the given content type. Throws ERR_INPUT or ERR_TOO_LARGE. */
export function parseUsageRequest(body: string, contentType: string): UsageRequest {
  if (/ndjson|jsonl/i.test(contentType)) return batch(ndjsonLines(body), parseLine);
  try {
    const value = parseExactJson(body);
    if (Array.isArray(value)) return batch(value, parseNativeItem);
    return { isBatch: false, items: [parseNativeItem(value)] };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    if (cause instanceof RangeError) return parseDeep(body);
    throw new AppError('ERR_INPUT', 'the body is not valid JSON', {
      cause,
      fix: 'send one JSON event, a JSON array, or NDJSON with content-type application/x-ndjson',
    });
  }
}

/** One NDJSON line as an item. */
export function parseLine(line: string): ParsedItem {
  try {
    return parseNativeItem(parseExactJson(line));
  } catch (error) {
    const reason = error instanceof RangeError ? TOO_DEEP : 'is not valid JSON';
    return { rejection: { id: null, field: '', reason } };
  }
}

/** Valid JSON that exhausts the stack: only the item that nests so deep is refused. */
function parseDeep(body: string): UsageRequest {
  if (body.trimStart().startsWith('[')) return batch(splitJsonArray(body), parseLine);
  return { isBatch: false, items: [parseLine(body)] };
}

/** Throws ERR_TOO_LARGE for more items than one request may have. */
export function checkItemCount(count: number): void {
  if (count <= EVENTS_PER_REQUEST_MAX) return;
  throw new AppError('ERR_TOO_LARGE', `the batch has ${count} events`, {
    fix: `send at most ${EVENTS_PER_REQUEST_MAX} events per request`,
  });
}

function batch<T>(raw: T[], parse: (item: T) => ParsedItem): UsageRequest {
  checkItemCount(raw.length);
  return { isBatch: true, items: raw.map(parse) };
}

function ndjsonLines(body: string): string[] {
  return body
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
