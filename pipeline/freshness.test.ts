// Rules of waiting: what stands on a period is made once the period is closed, waits until then, and
// for six hours at the longest. The bounds are the calendar's, the age of the data Postgres'.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Period, periodContaining } from '../core/calendar.ts';
import { changeZone } from '../core/client-zones.ts';
import { addTestClient, createTestBooks, silentLog, type TestBooks } from '../core/test-support.ts';
import { bookEvents } from '../test/booked-events.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { isClosed, loadBounds, loadFreshness, readiness } from './freshness.ts';
import { refreshWarehouse } from './refresh.ts';

const at = (time: string) => new Date(`2025-03-17T${time}Z`);
const endsAt = at('00:00:00').toISOString();
const ready = (dataAt: string, dueAt: string, now = dataAt) =>
  readiness({ endsAt, dataAt: at(dataAt).toISOString() }, at(dueAt), at(now));

describe('a report of a period that ended at midnight', () => {
  test('is made when the data reach an hour beyond', () => {
    expect(ready('01:00:00', '01:00:00')).toEqual({ state: 'closed' });
    expect(ready('07:00:00', '07:00:00')).toEqual({ state: 'closed' });
  });

  test('waits until then when it is due before', () => {
    const until = at('01:00:00');
    expect(ready('00:00:00', '00:00:00')).toEqual({ state: 'held', until });
    expect(ready('00:30:00', '00:30:00')).toEqual({ state: 'held', until });
  });

  test('asks again each minute when it should be closed and its data are older', () => {
    const until = at('07:01:00');
    expect(ready('00:59:59', '07:00:00', '07:00:00')).toEqual({ state: 'held', until });
  });

  test('is made all the same six hours after it was due, and not a moment before', () => {
    expect(ready('00:10:00', '07:00:00', '12:59:30')).toEqual({
      ...{ state: 'held', until: at('13:00:00') },
    });
    expect(ready('00:10:00', '07:00:00', '13:00:00')).toEqual({ state: 'overdue' });
  });
});

describe('the end of a period', () => {
  let books: TestBooks;
  let held: TestWarehouse;
  beforeAll(async () => {
    books = await createTestBooks();
    held = await createTestWarehouse();
    for (const [clientId, timeZone] of [
      ['vienna', 'Europe/Vienna'],
      ['howe', 'Australia/Lord_Howe'],
      ['moved', 'America/New_York'],
    ] as const) {
      await addTestClient(books.app, { clientId, timeZone });
      await bookEvents(books.app, clientId, [{ id: 'e', at: '2025-03-12T12:00:00Z' }]);
    }
    const change = { clientId: 'moved', timeZone: 'Europe/Vienna', from: '2025-03-17' };
    await changeZone(books.app, change, at('12:00:00'));
    const { warehouse } = held;
    await refreshWarehouse({ pool: books.pipeline, warehouse, log: silentLog() });
  });
  afterAll(async () => {
    held.remove();
    await books.close();
  });

  const boundsOf = (id: string, timeZone: string, period: Period) =>
    loadBounds(held.warehouse, { id, timeZone }, period);

  test.each([
    [
      'vienna',
      'Europe/Vienna',
      '2025-03-30',
      '2025-03-29T23:00:00.000Z',
      '2025-03-30T22:00:00.000Z',
    ],
    [
      'howe',
      'Australia/Lord_Howe',
      '2025-04-06',
      '2025-04-05T13:00:00.000Z',
      '2025-04-06T13:30:00.000Z',
    ],
    // The last day in New York ends when the first one in Vienna begins.
    [
      'moved',
      'Europe/Vienna',
      '2025-03-16',
      '2025-03-16T04:00:00.000Z',
      '2025-03-16T23:00:00.000Z',
    ],
    // No calendar reaches there: by the zone of today.
    ['vienna', 'Europe/Vienna', '2093-07-01', '2093-06-30T22:00:00Z', '2093-07-01T22:00:00Z'],
  ])('of %s (%s) %s is from %s to %s', async (id, zone, date, startsAt, until) => {
    const period = periodContaining('day', date, 1);
    expect(await boundsOf(id, zone, period)).toEqual({ startsAt, endsAt: until });
  });

  test('is reached by a copy as old as Postgres says, whatever the clock here', async () => {
    const week = periodContaining('week', '2025-03-12', 1);
    const client = { id: 'vienna', timeZone: 'Europe/Vienna' };
    const freshnessAt = (now: Date) =>
      loadFreshness(books.pipeline, held.warehouse, client, week, now);
    const early = await freshnessAt(new Date('2025-03-16T22:00:00Z'));
    expect(early.dataDate).toBe('2025-03-16');
    expect(early.endsAt).toBe('2025-03-16T23:00:00.000Z');
    expect(isClosed(early)).toBe(false);
    const late = await freshnessAt(new Date('2025-03-17T00:10:00Z'));
    expect(late.dataDate).toBe('2025-03-17');
    expect(isClosed(late)).toBe(true);
    const ageMs = Date.parse('2025-03-17T00:10:00Z') - Date.parse(late.dataAt);
    expect(ageMs).toBeGreaterThanOrEqual(0);
    expect(ageMs).toBeLessThan(60_000);
  });
});
