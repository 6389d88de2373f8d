// The month that requests count in, by the person's own clock.
import { expect, test } from 'vitest';
import { billingMonth } from './billing-month.ts';

test.each([
  ['2026-03-31T23:30:00Z', 'UTC', '2026-03', '2026-04-01', '2026-03-31'],
  ['2026-03-31T23:30:00Z', 'Asia/Kolkata', '2026-04', '2026-05-01', '2026-04-01'],
  ['2026-04-01T03:30:00Z', 'America/New_York', '2026-03', '2026-04-01', '2026-03-31'],
  ['2026-12-31T12:00:00Z', 'Pacific/Auckland', '2027-01', '2027-02-01', '2027-01-01'],
])('%s in %s is in %s, until %s', (instant, zone, key, resetsOn, today) => {
  expect(billingMonth(new Date(instant), zone)).toEqual({ key, resetsOn, today });
});
