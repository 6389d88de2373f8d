// Delivery states told late, twice or out of order: the one that stands is always the same.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isFinalStatus, rankStatus, STATUS_ORDER, standingStatus } from './status-rank.ts';

const status = fc.oneof(fc.constantFrom(...STATUS_ORDER), fc.constantFrom('', 'x', 'teleported'));
const standing = (told: readonly string[]) =>
  told.reduce<string | null>((current, each) => standingStatus(current, each), null);

test.each([
  [null, 'queued', 'queued'],
  ['queued', 'sending', 'sending'],
  ['delivered', 'sent', 'delivered'],
  ['undelivered', 'sent', 'undelivered'],
  ['delivered', 'read', 'read'],
  // One segment of several failed: the text did not arrive whole.
  ['delivered', 'undelivered', 'undelivered'],
  ['undelivered', 'delivered', 'undelivered'],
  ['sent', 'teleported', 'sent'],
  ['teleported', 'accepted', 'accepted'],
])('after %s, being told %s leaves %s', (current, told, left) => {
  expect(standingStatus(current, told)).toBe(left);
});

test('the ends are final, and what comes before them is not', () => {
  const final = STATUS_ORDER.filter((each) => isFinalStatus(each));
  expect(final).toEqual([
    'canceled',
    'delivered',
    'partially_delivered',
    'undelivered',
    'failed',
    'read',
  ]);
  expect(isFinalStatus('teleported')).toBe(false);
});

test('the same states in any order and number leave the same one, which is one of them', () => {
  fc.assert(
    fc.property(fc.array(status, { minLength: 1 }), fc.array(fc.nat()), (told, picks) => {
      const again = picks.map((pick) => told[pick % told.length] ?? '');
      const left = standing(told);
      expect(told).toContain(left);
      expect(standing([...again, ...told].reverse())).toBe(left);
    }),
  );
});

test('a final state is never followed by one that is not', () => {
  fc.assert(
    fc.property(status, fc.string(), (first, second) => {
      const left = standingStatus(first, second);
      if (isFinalStatus(first)) expect(isFinalStatus(left)).toBe(true);
      expect(rankStatus(left)).toBeGreaterThanOrEqual(rankStatus(first));
    }),
  );
});
