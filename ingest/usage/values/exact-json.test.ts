// Rules of exact JSON: no number loses a digit, and equal values have one canonical form.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, DEPTH_MAX, ExactNumber, isTooDeep, parseExactJson } from './exact-json.ts';

const canonical = (text: string) => canonicalJson(parseExactJson(text));
const nested = (depth: number, within = '') => '['.repeat(depth) + within + ']'.repeat(depth);

describe('parseExactJson', () => {
  test.each(['0.013317500000000001', '0.1', '123456789012345', '1e+21', '5'])(
    'leaves %s a plain number, for a double writes it the same way',
    (text) => expect(parseExactJson(text)).toBe(Number(text)),
  );

  test.each([
    '1.50',
    '15e-1',
    '1E2',
    '9007199254740993',
    '0.1000000000000000055',
    '1e400',
    '1e-400',
    '10.0',
  ])('keeps the text of %s, which a double would change', (text) => {
    expect(parseExactJson(text)).toEqual(new ExactNumber(text));
    // Control: the plain parser does change it.
    expect(String(JSON.parse(text))).not.toBe(text);
  });

  test.each([
    'NaN',
    'Infinity',
    '-Infinity',
    '01',
    '.5',
    '5.',
    '+1',
    "{'a': 1}",
    '[1,]',
    '',
    '{"a":1}{',
  ])('refuses %s', (text) => expect(() => parseExactJson(text)).toThrow(SyntaxError));

  test('keeps "__proto__" as a field of its own instead of a prototype', () => {
    const value = parseExactJson('{"__proto__": {"admin": true}}') as { admin?: boolean };
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(value.admin).toBeUndefined();
  });

  test('no value of a request can pass for an ExactNumber', () => {
    const value = parseExactJson('{"cost": {"text": "1"}}') as { cost: unknown };
    expect(value.cost).not.toBeInstanceOf(ExactNumber);
  });
});

/** Every number keeps its text, looked at one by one: what the quick way must agree with. */
function parseSlowly(text: string): unknown {
  const keep = (_key: string, value: unknown, { source }: { source?: string }) =>
    typeof value !== 'number' || String(value) === source ? value : new ExactNumber(source ?? '');
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown);
}

describe('the quick way', () => {
  const number = fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.oneof(fc.constant('0'), fc.bigInt({ min: 1n, max: 10n ** 20n }).map(String)),
      fc.oneof(fc.constant(''), fc.stringMatching(/^\.[0-9]{1,20}$/)),
      fc.oneof(fc.constant(''), fc.stringMatching(/^[eE][+-]?[0-9]{1,3}$/)),
    )
    .map((parts) => parts.join(''));
  const space = fc.constantFrom('', ' ', '\n', '\t ');

  test('parses every number, wherever it stands, as the slow way does', () => {
    fc.assert(
      fc.property(number, space, fc.string(), (written, gap, said) => {
        for (const json of [
          written,
          `[${gap}${written}${gap}]`,
          `[1,${gap}${written},${JSON.stringify(said)}]`,
          `{"a":${gap}${written}${gap},"b":{"c":${written}}}`,
        ]) {
          expect(parseExactJson(json)).toEqual(parseSlowly(json));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('parses every other value as the slow way does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.stringify(value);
        expect(parseExactJson(json)).toEqual(parseSlowly(json));
      }),
    );
  });
});

describe('canonicalJson', () => {
  test.each([
    ['{"b":1,"a":{"d":2,"c":3}}', '{"a":{"c":3,"d":2},"b":1}'],
    ['[1.50, 15e-1, 1.5, 0.15E1]', '[1.5,1.5,1.5,1.5]'],
    ['[-0, 0.0, 0e5]', '[0,0,0]'],
    ['1e21', '1000000000000000000000'],
    ['[null,true,"\\u0041"]', '[null,true,"A"]'],
    ['{"":0,"__proto__":1}', '{"":0,"__proto__":1}'],
  ])('of %s is %s', (text, expected) => {
    expect(canonical(text)).toBe(expected);
  });

  test('stays in its own array or text: neighbours cannot be shifted into one form', () => {
    const texts = ['["a","b"]', '["a,b"]', '["a\\",\\"b"]', '[["a"],"b"]', '{"a":"b"}', '"ab"'];
    expect(new Set(texts.map(canonical)).size).toBe(texts.length);
  });

  test('does not depend on the order of keys or the spacing, and tells other values apart', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
        const leftText = canonical(JSON.stringify(left));
        expect(canonical(JSON.stringify(reorder(left), null, 3))).toBe(leftText);
        expect(canonical(leftText)).toBe(leftText);
        expect(leftText === canonical(JSON.stringify(right))).toBe(isEqualJson(left, right));
      }),
    );
  });

  test('does not depend on how a decimal is spelt; a digit more is another value', () => {
    const digits = fc.bigInt({ min: 1n, max: 10n ** 24n });
    const shift = fc.integer({ min: 0, max: 30 });
    fc.assert(
      fc.property(digits, shift, fc.integer({ min: 0, max: 5 }), (units, exponent, zeros) => {
        const spelt = canonical(`${units}e-${exponent}`);
        expect(canonical(`${units}${'0'.repeat(zeros)}E-${exponent + zeros}`)).toBe(spelt);
        expect(canonical(`${units}.${'0'.repeat(zeros + 1)}e-${exponent}`)).toBe(spelt);
        expect(canonical(`${units + 1n}e-${exponent}`)).not.toBe(spelt);
      }),
    );
  });

  test('of two keys written in two orders has one hash; JSON.stringify has two (control)', () => {
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const [one, other] = ['{"a":1,"b":2}', '{"b":2,"a":1}'];
    expect(hash(canonical(one))).toBe(hash(canonical(other)));
    expect(hash(JSON.stringify(JSON.parse(one)))).not.toBe(hash(JSON.stringify(JSON.parse(other))));
  });
});

describe('depth', () => {
  test('is bounded exactly', () => {
    expect(isTooDeep(parseExactJson(nested(DEPTH_MAX)))).toBe(false);
    expect(isTooDeep(parseExactJson(nested(DEPTH_MAX + 1)))).toBe(true);
  });

  test('that exhausts the stack is told from bad JSON', () => {
    // Numbers that keep their text are found by recursion; without one nothing recurses.
    expect(() => parseExactJson(nested(100_000, '1.50'))).toThrow(RangeError);
    expect(isTooDeep(parseExactJson(nested(100_000)))).toBe(true);
    expect(() => parseExactJson(`${nested(100_000)}]`)).toThrow(SyntaxError);
  });
});

/** The same value with the keys of every object in the opposite order. */
function reorder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reorder);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).reverse();
  return Object.fromEntries(fields.map(([key, field]) => [key, reorder(field)]));
}

function isEqualJson(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return left === right;
  }
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(right, key) &&
      isEqualJson((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]),
  );
}
