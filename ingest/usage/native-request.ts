// One body of the native format → its items. Tells a single event from a batch; an NDJSON line that
// is no JSON is one bad item, a JSON body that is no JSON is a bad request. Pure.
import type { ParsedItem } from './event.ts';
import { parseNativeItem } from './native.ts';
import { checkItemCount, parseJsonBody } from './request-body.ts';
import { parseShallowJson } from './values/shallow-json.ts';

const FIX = 'send one JSON event, a JSON array, or NDJSON with content-type application/x-ndjson';

/** What a request holds; a single event is answered by status, a batch item by item. */
export interface NativeRequest {
  isBatch: boolean;
  items: ParsedItem[];
}

/** Reads a body of the given content type. Throws ERR_INPUT or ERR_TOO_LARGE. */
export function parseNativeRequest(body: string, contentType: string): NativeRequest {
  if (/ndjson|jsonl/i.test(contentType)) return batch(ndjsonLines(body), parseNativeLine);
  const value = parseJsonBody(body, FIX);
  if (Array.isArray(value)) return batch(value, parseNativeItem);
  return { isBatch: false, items: [parseNativeItem(value)] };
}

/** Reads one NDJSON line. Never throws: whatever is wrong comes back as a rejection. */
export function parseNativeLine(line: string): ParsedItem {
  let item: unknown;
  try {
    item = parseShallowJson(line);
  } catch {
    return { rejection: { id: null, field: '', reason: 'is not valid JSON' } };
  }
  return parseNativeItem(item);
}

function batch<T>(received: T[], parse: (item: T) => ParsedItem): NativeRequest {
  checkItemCount(received.length);
  return { isBatch: true, items: received.map(parse) };
}

function ndjsonLines(body: string): string[] {
  return body
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
