// Rules of the native wire format: what is taken, what is refused and why, and when two spellings
// are one event.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { UsageEvent } from './event.ts';
import { parseNativeItem } from './native.ts';
import { parseExactJson } from './values/exact-json.ts';

const EVENT = {
  id: 'call-1',
  occurred_at: '2025-03-18T09:30:00Z',
  provider: 'openai',
  model: 'gpt-4o',
  input_tokens: 10,
};

/** EVENT with further fields given as JSON text, so that numbers can be spelt freely. */
function parse(fields = ''): ReturnType<typeof parseNativeItem> {
  const base = JSON.stringify(EVENT).slice(0, -1);
  return parseNativeItem(parseExactJson(`${base}${fields === '' ? '' : `,${fields}`}}`));
}

function eventOf(fields = ''): UsageEvent {
  const parsed = parse(fields);
  if ('rejection' in parsed)
    throw new Error(`${parsed.rejection.field} ${parsed.rejection.reason}`);
  return parsed.event;
}

function hashOf(fields: string): string {
  return eventOf(fields).bodyHash.toString('hex');
}

describe('an event', () => {
  test('needs only id, time, provider, model and one usage figure', () => {
    const { eventId, occurredAt, provider, model, inputTokens, source, bodyHash, ...rest } =
      eventOf();
    expect({ eventId, occurredAt, provider, model, inputTokens, source }).toEqual({
      eventId: 'call-1',
      occurredAt: '2025-03-18T09:30:00Z',
      provider: 'openai',
      model: 'gpt-4o',
      inputTokens: 10,
      source: 'native',
    });
    expect(bodyHash).toHaveLength(32);
    const { estimated, flags, ...untold } = rest;
    expect({ estimated, flags }).toEqual({ estimated: false, flags: [] });
    expect(new Set(Object.values(untold))).toEqual(new Set([null]));
  });

  test.each(['"input_tokens":1', '"output_tokens":0', '"cost":"0"'])(
    'is enough with %s',
    (figure) => {
      const { input_tokens: _, ...rest } = EVENT;
      const item = parseExactJson(`${JSON.stringify(rest).slice(0, -1)},${figure}}`);
      expect(parseNativeItem(item)).toHaveProperty('event');
      expect(parseNativeItem(rest)).toHaveProperty(
        'rejection.reason',
        expect.stringContaining('at least one'),
      );
    },
  );

  test.each(['id', 'occurred_at', 'provider', 'model'])(
    'without %s is refused by that name',
    (field) => {
      const rejection = { id: field === 'id' ? null : 'call-1', field, reason: 'is required' };
      expect(parseNativeItem({ ...EVENT, [field]: undefined, x: 1 })).toHaveProperty(
        'rejection.field',
        field,
      );
      const { [field]: _, ...rest } = EVENT as Record<string, unknown>;
      expect(parseNativeItem(rest)).toEqual({ rejection });
    },
  );

  test.each([null, 1, 'text', true, [], [EVENT], parseExactJson('1e400')])(
    'is an object, not %j',
    (item) => {
      expect(parseNativeItem(item)).toEqual({
        rejection: { id: null, field: '', reason: 'must be an object' },
      });
    },
  );
});

describe('bad input is refused with field and reason', () => {
  const cases: [string, string, RegExp][] = [
    ['"colour":"red"', 'colour', /no field/],
    ['"__proto__":{"admin":true}', '__proto__', /no field/],
    ['"constructor":1', 'constructor', /no field/],
    ['"input_tokens":-1', 'input_tokens', /negative/],
    ['"input_tokens":1.5', 'input_tokens', /whole/],
    ['"input_tokens":1000000000001', 'input_tokens', /10\^12/],
    ['"input_tokens":99999999999999999999', 'input_tokens', /10\^12/],
    ['"input_tokens":1e400', 'input_tokens', /10\^12/],
    ['"input_tokens":5.0000000000000000001', 'input_tokens', /whole/],
    ['"input_tokens":"5"', 'input_tokens', /whole/],
    ['"output_tokens":true', 'output_tokens', /whole/],
    ['"cost":-0.01', 'cost', /negative/],
    ['"cost":"NaN"', 'cost', /decimal/],
    ['"cost":"Infinity"', 'cost', /decimal/],
    ['"cost":1e400', 'cost', /exponent/],
    ['"cost":"1e61"', 'cost', /exponent/],
    ['"cost":"-1"', 'cost', /negative/],
    [`"cost":"${'1'.repeat(65)}"`, 'cost', /64/],
    ['"cost":100000000000000000000', 'cost', /below/],
    ['"cost":"1,5"', 'cost', /decimal/],
    ['"cost":{"text":"1"}', 'cost', /decimal/],
    ['"currency":"usd"', 'currency', /capital/],
    ['"currency":"EURO"', 'currency', /capital/],
    ['"status":"failed"', 'status', /success, error, cancelled/],
    ['"latency_ms":-1', 'latency_ms', /0 or more/],
    ['"latency_ms":1e400', 'latency_ms', /0 or more/],
    ['"latency_ms":"12"', 'latency_ms', /0 or more/],
    ['"user_id":""', 'user_id', /empty/],
    ['"user_id":"a\\u0000b"', 'user_id', /NUL/],
    ['"user_id":"a\\ud800"', 'user_id', /Unicode/],
    ['"user_id":"\\udc00a"', 'user_id', /Unicode/],
    ['"user_id":7', 'user_id', /text/],
    [`"chatbot_id":"${'x'.repeat(201)}"`, 'chatbot_id', /200/],
    [`"conversation_id":"${'x'.repeat(1_000_000)}"`, 'conversation_id', /200/],
    ['"metadata":[]', 'metadata', /object/],
    ['"metadata":"text"', 'metadata', /object/],
    ['"metadata":{"a":{"b":"\\u0000"}}', 'metadata', /NUL/],
    ['"metadata":{"\\ud800":1}', 'metadata', /Unicode/],
    ['"metadata":{"a":1e1000}', 'metadata', /exponent/],
    [`"metadata":{"a":0.${'0'.repeat(60_000)}1}`, 'metadata', /64/],
    [`"metadata":{"a":"${'x'.repeat(17_000)}"}`, 'metadata', /16384/],
    [`"metadata":${'{"a":'.repeat(32)}1${'}'.repeat(32)}`, '', /nest/],
  ];
  const titled = cases.map(
    ([fields, ...expected]) => [fields.slice(0, 40), fields, ...expected] as const,
  );
  test.each(titled)('%s', (_title, fields, field, reason) => {
    expect(parse(fields)).toEqual({
      rejection: { id: 'call-1', field, reason: expect.stringMatching(reason) },
    });
  });

  test('numbers that grow when they are written out are refused before they are', () => {
    // 200,000 numbers of a thousand digits each would be a text of 200 MB.
    const grown = `"metadata":{"a":[${Array(200_000).fill('1e999').join(',')}]}`;
    const started = performance.now();
    expect(parse(grown)).toHaveProperty('rejection.field', 'metadata');
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test.each(['x'.repeat(201), 'a\u0000', '\ud800', 7, '', null])(
    'an id like %j is never echoed',
    (id) => {
      const parsed = parseNativeItem({ ...EVENT, id });
      expect(parsed).toHaveProperty('rejection.field', 'id');
      expect(parsed).toHaveProperty('rejection.id', id === '' ? '' : null);
    },
  );

  test('a field name of any length is named in short', () => {
    const parsed = parseNativeItem({ ...EVENT, ['x'.repeat(100_000)]: 1 });
    expect(parsed).toHaveProperty('rejection.field', `${'x'.repeat(63)}…`);
  });

  test('whatever the item is, it is an event or a rejection and never an exception', () => {
    const field = fc.constantFrom(
      'id',
      'occurred_at',
      'cost',
      'input_tokens',
      'metadata',
      'status',
      'latency_ms',
    );
    const value = fc.anything({ withNullPrototype: true, withBigInt: false });
    fc.assert(
      fc.property(fc.dictionary(field, value), fc.boolean(), (fields, whole) => {
        const parsed = parseNativeItem(whole ? { ...EVENT, ...fields } : fields);
        expect('event' in parsed || parsed.rejection.reason.length > 0).toBe(true);
      }),
    );
  });
});

describe('occurred_at', () => {
  const timeOf = (time: string) => {
    const parsed = parseNativeItem({ ...EVENT, occurred_at: time });
    return 'event' in parsed ? parsed.event.occurredAt : parsed.rejection.reason;
  };

  test.each([
    ['2000-01-01T00:00:00Z', '2000-01-01T00:00:00Z'],
    ['2099-12-31T23:59:59.999999Z', '2099-12-31T23:59:59.999999Z'],
    ['2024-02-29t12:00:00z', '2024-02-29T12:00:00Z'],
    ['2025-03-18 09:30:00+05:30', '2025-03-18T04:00:00Z'],
    ['2025-03-18T00:30:00.5-08:00', '2025-03-18T08:30:00.5Z'],
    // Postgres refuses offsets of 16 hours and more; RFC 3339 does not.
    ['2025-03-18T09:30:00+23:59', '2025-03-17T09:31:00Z'],
    // Microseconds are cut, never rounded into the next day.
    ['2025-03-18T23:59:59.999999999Z', '2025-03-18T23:59:59.999999Z'],
    ['2100-01-01T00:30:00+01:00', '2099-12-31T23:30:00Z'],
  ])('%s is %s', (received, stored) => {
    expect(timeOf(received)).toBe(stored);
  });

  test.each([
    ['2025-02-29T00:00:00Z', /exists/],
    ['2025-04-31T00:00:00Z', /exists/],
    ['2025-03-18T24:00:00Z', /exists/],
    ['2025-03-18T23:60:00Z', /exists/],
    ['1999-12-31T23:59:59Z', /2000 to 2099/],
    ['2100-01-01T00:00:00Z', /2000 to 2099/],
    ['2000-01-01T00:30:00+01:00', /2000 to 2099/],
    ['2025-03-18T00:00:00+24:00', /2000 to 2099/],
    ['2025-03-18', /RFC 3339/],
    ['2025-03-18T09:30:00', /RFC 3339/],
    ['1742290200', /RFC 3339/],
    ['', /RFC 3339/],
  ])('refuses "%s"', (received, reason) => {
    expect(timeOf(received)).toMatch(reason);
  });
});

describe('cost', () => {
  test.each([
    ['"0.0133"', '0.0133', null],
    ['0.0133', '0.0133', null],
    ['"1.50"', '1.5', '1.50'],
    ['1.50', '1.5', '1.50'],
    ['15e-1', '1.5', '15e-1'],
    ['0.0000001', '0.0000001', null],
    ['1e-7', '0.0000001', '1e-7'],
    ['0', '0', null],
    ['-0', '0', '-0'],
    ['0.0000000000000000015', '0.000000000000000002', '0.0000000000000000015'],
    ['"0.0000000000000000025"', '0.000000000000000002', '0.0000000000000000025'],
  ])('%s is %s, and the received text is kept where it differs', (received, cost, text) => {
    const { reportedCost, reportedCostText } = eventOf(`"cost":${received}`);
    expect([reportedCost, reportedCostText]).toEqual([cost, text]);
  });
});

describe('the body hash', () => {
  test.each([
    ['"cost":"1.50"', '"cost":1.5'],
    ['"cost":1.5', '"cost":15e-1'],
    ['"cost":"15E-1"', '"cost":1.500'],
    ['"latency_ms":12.50', '"latency_ms":125e-1'],
    ['"output_tokens":1e3', '"output_tokens":1000.0'],
    ['"metadata":{"a":1,"b":[2.0]}', '"metadata":{"b":[2],"a":1.0}'],
    ['"status":"error","cost":1', '"cost":1,"status":"error"'],
  ])('of %s equals that of %s', (left, right) => {
    expect(hashOf(left)).toBe(hashOf(right));
  });

  test.each([
    ['"cost":"1.50"', '"cost":"1.51"'],
    ['"cost":0.0000000000000000005', '"cost":0'],
    ['"metadata":{"a":"1"}', '"metadata":{"a":1}'],
    ['"metadata":{"a":9007199254740993}', '"metadata":{"a":9007199254740992}'],
    ['"user_id":"a"', '"chatbot_id":"a"'],
    ['"user_id":"a"', ''],
  ])('of %s differs from that of %s', (left, right) => {
    expect(hashOf(left)).not.toBe(hashOf(right));
  });

  test('is the same for any order of the fields', () => {
    const fields = Object.entries({
      ...EVENT,
      cost: '0.5',
      status: 'success',
      metadata: { b: 1, a: 2 },
    });
    const hash = (entries: [string, unknown][]) => {
      const parsed = parseNativeItem(Object.fromEntries(entries));
      return 'event' in parsed ? parsed.event.bodyHash.toString('hex') : '';
    };
    fc.assert(
      fc.property(fc.shuffledSubarray(fields, { minLength: fields.length }), (shuffled) => {
        expect(hash(shuffled)).toBe(hash(fields));
      }),
    );
  });
});
