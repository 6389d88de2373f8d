// Rules of one native body: single or batch, and a bad item never takes the others with it.
import { describe, expect, test } from 'vitest';
import { parseNativeLine, parseNativeRequest } from './native-request.ts';
import { EVENTS_PER_REQUEST_MAX } from './request-body.ts';

const event = (id: string) =>
  `{"id":"${id}","occurred_at":"2025-03-18T09:30:00Z","provider":"p","model":"m","cost":1}`;
const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const NDJSON = 'application/x-ndjson';
const JSON_TYPE = 'application/json';

/** The id of each item that was read, or the reason of the one that was not. */
function outcome(body: string, contentType: string): string[] {
  return parseNativeRequest(body, contentType).items.map((item) =>
    'event' in item ? item.event.eventId : item.rejection.reason,
  );
}

describe('a JSON body', () => {
  test('that is an object is one event, also when it is none', () => {
    expect(parseNativeRequest(event('a'), JSON_TYPE)).toMatchObject({ isBatch: false });
    expect(outcome('7', JSON_TYPE)).toEqual(['must be an object']);
  });

  test('that is an array is a batch in its order, also with one event or none', () => {
    expect(parseNativeRequest(`[${event('a')}]`, JSON_TYPE)).toMatchObject({ isBatch: true });
    expect(outcome(`[${event('b')},7,${event('a')}]`, '')).toEqual(['b', 'must be an object', 'a']);
    expect(parseNativeRequest('[]', JSON_TYPE)).toEqual({ isBatch: true, items: [] });
  });

  test.each(['', '{', '[1,', `${event('a')}\n${event('b')}`, "{'id':1}", '[NaN]', '\u001e{}'])(
    'that is no JSON is refused whole: %.20j',
    (body) => {
      expect(() => parseNativeRequest(body, JSON_TYPE)).toThrow(
        expect.objectContaining({ code: 'ERR_INPUT', fix: expect.stringContaining('ndjson') }),
      );
    },
  );

  test('with one item nested beyond the stack loses only that item', () => {
    const body = `[${event('a')},{"metadata":${deep(100_000)}}, ${event('b')}]`;
    expect(outcome(body, JSON_TYPE)).toEqual(['a', 'must not nest deeper than 32', 'b']);
    // Control: this body does exhaust a parser that is not careful.
    const walk = (value: unknown): number =>
      Array.isArray(value) ? 1 + Math.max(0, ...value.map(walk)) : 0;
    expect(() => walk(JSON.parse(deep(100_000)))).toThrow(RangeError);
  });

  test('that is one event nested beyond the stack is a single rejected event', () => {
    const request = parseNativeRequest(`{"metadata":${deep(100_000)}}`, JSON_TYPE);
    expect(request.isBatch).toBe(false);
    expect(request.items).toEqual([
      { rejection: { id: null, field: '', reason: 'must not nest deeper than 32' } },
    ]);
  });
});

describe('an NDJSON body', () => {
  test.each(['application/x-ndjson', 'application/jsonl', 'Application/X-NDJSON; charset=utf-8'])(
    'of type %s is a batch, one item per line',
    (contentType) => {
      expect(parseNativeRequest(event('a'), contentType).isBatch).toBe(true);
      expect(outcome(`${event('a')}\r\n\n  ${event('b')}\n`, contentType)).toEqual(['a', 'b']);
    },
  );

  test('loses only the line that is no JSON', () => {
    const body = [event('a'), '{"id":', event('b'), deep(100_000), event('c')].join('\n');
    expect(outcome(body, NDJSON)).toEqual([
      'a',
      'is not valid JSON',
      'b',
      'must not nest deeper than 32',
      'c',
    ]);
  });

  test('is not broken at U+2028, which a JSON text may hold', () => {
    const line = event('a').replace('"m"', '"m\u2028n"');
    expect(outcome(line, NDJSON)).toEqual(['a']);
  });
});

test('a batch has a greatest size, in either form', () => {
  const events = (count: number) => Array.from({ length: count }, () => '1');
  const { length } = parseNativeRequest(`[${events(EVENTS_PER_REQUEST_MAX)}]`, JSON_TYPE).items;
  expect(length).toBe(EVENTS_PER_REQUEST_MAX);
  const over = events(EVENTS_PER_REQUEST_MAX + 1);
  const tooLarge = expect.objectContaining({ code: 'ERR_TOO_LARGE' });
  expect(() => parseNativeRequest(`[${over}]`, JSON_TYPE)).toThrow(tooLarge);
  expect(() => parseNativeRequest(over.join('\n'), NDJSON)).toThrow(tooLarge);
  const deepOver = `[${over},${deep(100_000)}]`;
  expect(() => parseNativeRequest(deepOver, JSON_TYPE)).toThrow(tooLarge);
});

test('a single line is an item or a rejection', () => {
  expect(parseNativeLine(event('a'))).toHaveProperty('event.eventId', 'a');
  expect(parseNativeLine('')).toHaveProperty('rejection.reason', 'is not valid JSON');
});
