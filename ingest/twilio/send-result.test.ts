// Rules of reading Twilio's refusals: what surely was not sent may be sent again, what may have been
// is never, and a code means the same wherever it comes from.
import { describe, expect, test } from 'vitest';
import { classifyAnswer, classifySilence, numberFault } from './send-result.ts';

const answer = (status: number, code: string | null = null, retryAfterMs: number | null = null) =>
  classifyAnswer({ status, code, retryAfterMs });

describe('a refusal is told by its code', () => {
  test.each([
    ['stop', ['21610']],
    ['unreachable', ['21211', '21614', '21635', '30005', '30006']],
    ['configuration', ['20003', '21606', '21660', '30034', '30032', '30002', '21408', '21608']],
    ['carrier', ['30003', '30007', '30008', '30036', '30450']],
    ['other', ['21602', '21612', '21617', '12345']],
  ])('%s', (reason, codes) => {
    for (const code of codes) {
      expect(answer(400, code), code).toMatchObject({ outcome: 'refused', reason, code });
    }
  });

  test('one person’s country stops no queue, our own number does', () => {
    expect(answer(400, '21408')).toMatchObject({ isAccountWide: false });
    expect(answer(400, '21610')).toMatchObject({ isAccountWide: false });
    expect(answer(400, '21606')).toMatchObject({ isAccountWide: true });
    expect(answer(401)).toMatchObject({ reason: 'configuration', isAccountWide: true });
    expect(answer(413)).toMatchObject({ reason: 'other', isAccountWide: false });
  });
});

describe('what surely was not accepted may be sent again', () => {
  test.each([
    [429, null],
    [429, '20429'],
    [425, null],
    [400, '21611'],
    [400, '14107'],
    [429, '63038'],
  ])('HTTP %i with code %s', (status, code) => {
    expect(answer(status, code, 5_000)).toMatchObject({ outcome: 'retry', afterMs: 5_000 });
  });

  test('nobody there', () => {
    expect(classifySilence('ECONNREFUSED', false)).toMatchObject({ outcome: 'retry' });
  });
});

describe('what may have been accepted is uncertain', () => {
  test.each([500, 502, 503, 504, 408, 200, 201])('HTTP %i', (status) => {
    expect(answer(status, status >= 500 ? '20500' : null)).toMatchObject({ outcome: 'uncertain' });
  });

  test('a server error stays uncertain whatever its code says', () => {
    expect(answer(503, '20429')).toMatchObject({ outcome: 'uncertain' });
    expect(answer(500, '21610')).toMatchObject({ outcome: 'uncertain' });
  });

  test('silence after the request went out', () => {
    expect(classifySilence('ECONNRESET', true)).toMatchObject({ outcome: 'uncertain' });
  });
});

test('a delivery state condemns a number only where the fault lasts', () => {
  expect(['21610', '30005', '30006', '21614'].map(numberFault)).toEqual([
    'refused',
    'unreachable',
    'unreachable',
    'unreachable',
  ]);
  for (const code of ['30003', '30007', '30008', '30034', '30001', '99999', 'constructor', null]) {
    expect(numberFault(code), String(code)).toBeNull();
  }
});
