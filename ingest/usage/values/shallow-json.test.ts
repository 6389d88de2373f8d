// Rules of JSON that nests beyond the stack: it is still parsed, and only what is too deep is lost.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTooDeep, parseExactJson } from './exact-json.ts';
import { parseShallowJson } from './shallow-json.ts';

// A number that keeps its text is found by recursion, which deep nesting exhausts.
const DEEP = `${'['.repeat(100_000)}1.50${']'.repeat(100_000)}`;

test('what stands beside a value that is too deep is kept, whatever it holds', () => {
  expect(() => parseExactJson(DEEP)).toThrow(RangeError);
  const spacing = fc.constantFrom(undefined, 1, '\t');
  const shallow = fc.jsonValue({ maxDepth: 5 });
  fc.assert(
    fc.property(fc.array(shallow), spacing, (elements, space) => {
      const text = JSON.stringify(elements, null, space);
      const parsed = parseShallowJson(`[${text}, {"deep": ${DEEP}}, ${text}]`) as unknown[];
      expect([parsed[0], parsed[2]]).toEqual([parseExactJson(text), parseExactJson(text)]);
      expect(isTooDeep(parsed[1])).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('brackets and quotes within texts count for nothing', () => {
  const tricky = ['],[', '\\"', '"', '{', '\\', 'a,b'];
  const [kept] = parseShallowJson(`[${JSON.stringify(tricky)},${DEEP}]`) as unknown[];
  expect(kept).toEqual(tricky);
});

test('what is no JSON is told as such, however deep it is', () => {
  expect(() => parseShallowJson('{')).toThrow(SyntaxError);
  expect(() => parseShallowJson(`${DEEP}]`)).toThrow(SyntaxError);
});
