// Encoding and segments against Twilio's own vectors, 3,600 real texts and the rules of the standard.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countSegments } from './segments.ts';

interface Vector {
  testDescription: string;
  body: string;
  encoding: string;
  segments: number;
  messageSize: number;
  unicodeScalars: number;
}

const read = (path: string) => readFileSync(new URL(`../../test/${path}`, import.meta.url));
const vectors = JSON.parse(read('sms-segments/vectors.json').toString('utf8')) as Vector[];
const gsm = fc.string({ unit: fc.constantFrom('a', 'Z', '7', ' ', '\n', 'é', '€', '[', '~') });
const anyText = fc.oneof(gsm, fc.string({ unit: 'binary', maxLength: 400 }));

test.each(vectors)('$testDescription', ({ body, encoding, segments, messageSize }) => {
  const counted = countSegments(body);
  expect(counted).toMatchObject({ encoding, segments });
  expect(counted.units * (encoding === 'GSM-7' ? 7 : 16)).toBe(messageSize);
});

test('3,600 real texts have the encodings and segments that another tool counted', () => {
  const lines = gunzipSync(read('uci-sms/messages.tsv.gz')).toString('utf8').trimEnd().split('\n');
  const totals: Record<string, { texts: number; segments: number }> = {};
  for (const line of lines) {
    const [kind, ...text] = line.split('\t');
    const { encoding, segments } = countSegments(text.join('\t'));
    const sizes = [`${kind} ${encoding}`, `segments=${segments}`];
    for (const key of sizes) {
      totals[key] ??= { texts: 0, segments: 0 };
      totals[key].texts += 1;
      totals[key].segments += segments;
    }
  }
  expect(totals).toEqual({
    'ham GSM-7': { texts: 3065, segments: 3245 },
    'ham UCS-2': { texts: 51, segments: 107 },
    'spam GSM-7': { texts: 479, segments: 521 },
    'spam UCS-2': { texts: 5, segments: 14 },
    'segments=1': { texts: 3373, segments: 3373 },
    'segments=2': { texts: 180, segments: 360 },
    'segments=3': { texts: 39, segments: 117 },
    'segments=4': { texts: 5, segments: 20 },
    'segments=5': { texts: 1, segments: 5 },
    'segments=6': { texts: 2, segments: 12 },
  });
});

test.each([
  ['', 'GSM-7', 0, 1],
  ['\r\n', 'GSM-7', 2, 1],
  ['€'.repeat(80), 'GSM-7', 160, 1],
  // 153 is odd: the 77th euro sign does not fit the first segment.
  ['€'.repeat(81), 'GSM-7', 162, 2],
  ['€'.repeat(153), 'GSM-7', 306, 3],
  [`a${'€'.repeat(152)}`, 'GSM-7', 305, 2],
  ['😀'.repeat(35), 'UCS-2', 70, 1],
  // 67 is odd too: no surrogate pair is torn.
  ['😀'.repeat(67), 'UCS-2', 134, 3],
  ['ç', 'UCS-2', 1, 1],
  ['Ç', 'GSM-7', 1, 1],
  ['`', 'UCS-2', 1, 1],
  ['’'.repeat(71), 'UCS-2', 71, 2],
  ['\ud800', 'UCS-2', 1, 1],
])('%j travels as %s in %i units and %i segments', (text, encoding, units, segments) => {
  expect(countSegments(text)).toEqual({ encoding, units, segments });
});

test('one curly quote more than doubles what 300 plain characters cost', () => {
  expect(countSegments('a'.repeat(300)).segments).toBe(2);
  expect(countSegments(`${'a'.repeat(299)}’`).segments).toBe(5);
});

test('a longer text never takes fewer segments, and two texts at most one more than joined', () => {
  fc.assert(
    fc.property(anyText, anyText, (first, second) => {
      const both = countSegments(first + second);
      const one = countSegments(first);
      const other = countSegments(second);
      expect(both.segments).toBeGreaterThanOrEqual(Math.max(one.segments, other.segments));
      // Joined they may need the headers of a long message, once.
      const isSame = one.encoding === both.encoding && other.encoding === both.encoding;
      if (isSame) {
        expect(both.segments).toBeLessThanOrEqual(one.segments + other.segments + 1);
        expect(both.units).toBe(one.units + other.units);
      }
    }),
  );
});
