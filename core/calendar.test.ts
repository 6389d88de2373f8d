// Rules of days, weeks, months and their instants, in zones that break what is easy to assume.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addDays,
  calendarDays,
  dayOfWeek,
  daysBetween,
  instantOf,
  isTimeZone,
  localDate,
  parsePeriod,
  periodContaining,
  shiftPeriod,
} from './calendar.ts';

const ZONES = [
  'UTC',
  'Europe/Vienna',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Pacific/Chatham',
  'Africa/Casablanca',
  'America/Vancouver',
  'America/Havana',
  'Asia/Beirut',
];
const MONDAY = 1;
const SUNDAY = 7;

const zone = fc.constantFrom(...ZONES);
const date = fc.integer({ min: 0, max: 36_500 }).map((days) => addDays('2000-01-01', days));
const weekStart = fc.integer({ min: 1, max: 7 });

function onlyDay(timeZone: string, day: string) {
  const [found] = calendarDays(timeZone, day, day);
  if (found === undefined) throw new Error(`no day ${day}`);
  return found;
}

function hoursOf(timeZone: string, day: string): number {
  const { startsAt, endsAt } = onlyDay(timeZone, day);
  return (Date.parse(endsAt) - Date.parse(startsAt)) / 3_600_000;
}

describe('a business day', () => {
  test.each([
    ['Europe/Vienna', '2025-03-30', 23],
    ['Europe/Vienna', '2025-10-26', 25],
    ['Europe/Vienna', '2025-06-15', 24],
    ['America/New_York', '2025-03-09', 23],
    ['America/New_York', '2025-11-02', 25],
    ['Australia/Lord_Howe', '2025-04-06', 24.5],
    ['Australia/Lord_Howe', '2025-10-05', 23.5],
    ['Asia/Kolkata', '2025-03-30', 24],
    ['Pacific/Chatham', '2025-04-06', 25],
    ['Pacific/Chatham', '2025-09-28', 23],
    ['Africa/Casablanca', '2025-02-23', 25],
    ['Africa/Casablanca', '2025-04-06', 23],
    ['America/Vancouver', '2025-03-09', 23],
    ['America/Vancouver', '2025-11-02', 25],
    ['Pacific/Apia', '2011-12-30', 0],
  ])('of %s on %s has %d hours', (timeZone, day, hours) => {
    expect(hoursOf(timeZone, day)).toBe(hours);
  });

  test.each([
    ['Asia/Kolkata', '2025-03-18', '2025-03-17T18:30:00Z'],
    ['Pacific/Chatham', '2025-07-01', '2025-06-30T11:15:00Z'],
    // Midnight does not exist on these two days: the clock goes from 23:59 to 01:00.
    ['America/Havana', '2025-03-09', '2025-03-09T05:00:00Z'],
    ['Asia/Beirut', '2025-03-30', '2025-03-29T22:00:00Z'],
    // Midnight comes twice: the day starts at the first one.
    ['America/Havana', '2025-11-02', '2025-11-02T04:00:00Z'],
  ])('of %s on %s starts at %s', (timeZone, day, startsAt) => {
    expect(onlyDay(timeZone, day).startsAt).toBe(startsAt);
  });

  test('follows the day before without gap or overlap, in every zone', () => {
    fc.assert(
      fc.property(zone, date, fc.integer({ min: 1, max: 400 }), (timeZone, from, count) => {
        const days = calendarDays(timeZone, from, addDays(from, count - 1));
        expect(days.map((day) => day.date)).toEqual(
          Array.from({ length: count }, (_, index) => addDays(from, index)),
        );
        for (const [index, day] of days.entries()) {
          expect(day.endsAt).toBe(days[index + 1]?.startsAt ?? day.endsAt);
          expect(Date.parse(day.startsAt)).toBeLessThan(Date.parse(day.endsAt));
        }
      }),
    );
  });

  test('holds exactly the instants whose local date it is', () => {
    const millisecond = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(zone, date, millisecond, (timeZone, day, share) => {
        const { startsAt, endsAt } = onlyDay(timeZone, day);
        const start = Date.parse(startsAt);
        const inside = start + Math.floor((Date.parse(endsAt) - start) * share);
        expect(localDate(new Date(inside), timeZone)).toBe(day);
        expect(localDate(new Date(start - 1), timeZone)).toBe(addDays(day, -1));
        expect(localDate(new Date(endsAt), timeZone)).toBe(addDays(day, 1));
      }),
    );
  });

  test('is not a fixed offset long: counting 24 hours each leaves the days (control)', () => {
    const days = calendarDays('Europe/Vienna', '2025-01-01', '2025-12-31');
    const start = Date.parse(days[0]?.startsAt ?? '');
    const naive = days.map((_, index) => new Date(start + index * 86_400_000));
    const dates = naive.map((instant) =>
      localDate(new Date(instant.getTime() - 1), 'Europe/Vienna'),
    );
    expect(dates).not.toEqual(days.map((day) => addDays(day.date, -1)));
    expect(
      days.map((day) => localDate(new Date(Date.parse(day.startsAt) - 1), 'Europe/Vienna')),
    ).toEqual(days.map((day) => addDays(day.date, -1)));
  });
});

describe('instantOf', () => {
  test.each([
    ['a common time', '2025-06-15', '07:00', 'Europe/Vienna', '2025-06-15T05:00:00.000Z'],
    [
      'a time in a gap moves forward',
      '2025-03-30',
      '02:30',
      'Europe/Vienna',
      '2025-03-30T01:30:00.000Z',
    ],
    [
      'a midnight in a gap moves forward',
      '2025-03-09',
      '00:00',
      'America/Havana',
      '2025-03-09T05:00:00.000Z',
    ],
    [
      'the first of a fold counts',
      '2025-10-26',
      '02:30',
      'Europe/Vienna',
      '2025-10-26T00:30:00.000Z',
    ],
    [
      'a half-hour fold too',
      '2025-04-06',
      '01:45',
      'Australia/Lord_Howe',
      '2025-04-05T14:45:00.000Z',
    ],
  ])('%s', (_rule, day, time, timeZone, instant) => {
    expect(instantOf(day, time, timeZone).toISOString()).toBe(instant);
  });

  test('never lies on another day than asked, whatever the time', () => {
    const minute = fc.integer({ min: 0, max: 1439 });
    fc.assert(
      fc.property(zone, date, minute, (timeZone, day, minutes) => {
        const time = `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
        expect(localDate(instantOf(day, time, timeZone), timeZone)).toBe(day);
      }),
    );
  });
});

describe('a period', () => {
  test.each([
    ['2024-12-30', MONDAY, '2025-W01', '2024-12-30', '2025-01-06'],
    ['2021-01-03', MONDAY, '2020-W53', '2020-12-28', '2021-01-04'],
    ['2025-03-18', MONDAY, '2025-W12', '2025-03-17', '2025-03-24'],
    ['2025-03-15', SUNDAY, 'week-2025-03-09', '2025-03-09', '2025-03-16'],
    ['2025-03-09', SUNDAY, 'week-2025-03-09', '2025-03-09', '2025-03-16'],
    ['2025-01-01', 6, 'week-2024-12-28', '2024-12-28', '2025-01-04'],
  ])('of %s with weeks from day %d is week %s', (day, start, key, from, to) => {
    expect(periodContaining('week', day, start)).toEqual({
      kind: 'week',
      key,
      start: from,
      end: to,
    });
  });

  test('holds its date, starts where its kind starts and is read back from its key', () => {
    const kind = fc.constantFrom('day', 'week', 'month');
    fc.assert(
      fc.property(kind, date, weekStart, (kindOf, day, start) => {
        const period = periodContaining(kindOf, day, start);
        expect(period.start <= day && day < period.end).toBe(true);
        expect(parsePeriod(period.key, start)).toEqual(period);
        if (kindOf === 'week') expect(dayOfWeek(period.start)).toBe(start);
        if (kindOf === 'week') expect(daysBetween(period.start, period.end)).toBe(7);
        if (kindOf === 'month') expect(period.start.endsWith('-01')).toBe(true);
      }),
    );
  });

  test('is followed by the next one without gap, and shifting back returns', () => {
    const kind = fc.constantFrom('day', 'week', 'month');
    fc.assert(
      fc.property(
        kind,
        date,
        weekStart,
        fc.integer({ min: -60, max: 60 }),
        (kindOf, day, start, count) => {
          const period = periodContaining(kindOf, day, start);
          expect(shiftPeriod(period, 1, start).start).toBe(period.end);
          expect(shiftPeriod(shiftPeriod(period, count, start), -count, start)).toEqual(period);
        },
      ),
    );
  });
});

describe('parsePeriod', () => {
  test.each([
    ['2025-03-18', '2025-03-18', '2025-03-19'],
    ['2024-02-29', '2024-02-29', '2024-03-01'],
    ['2025-12', '2025-12-01', '2026-01-01'],
    ['2025-W01', '2024-12-30', '2025-01-06'],
    ['2020-W53', '2020-12-28', '2021-01-04'],
    ['week-2025-03-12', '2025-03-10', '2025-03-17'],
    ['2000-01-01', '2000-01-01', '2000-01-02'],
    ['2099-12-31', '2099-12-31', '2100-01-01'],
    ['1999-W52', '1999-12-27', '2000-01-03'],
  ])('reads %s', (text, start, end) => {
    expect(parsePeriod(text, MONDAY)).toMatchObject({ start, end });
  });

  test.each([
    ['2025-02-29'],
    ['2025-04-31'],
    ['2025-13'],
    ['2025-00'],
    ['2025-W00'],
    ['2025-W53'],
    ['2025-W54'],
    ['week-2025-02-30'],
    ['2025'],
    ['2025-3-18'],
    ['2025-03-18T00:00'],
    [' 2025-03-18'],
    ['2025-w11'],
    ['+12025-01-01'],
    ['0000-01-01'],
    ['1999-12-31'],
    ['1999-12'],
    ['2100-01-01'],
    ['9999-12-31'],
    [''],
  ])('refuses "%s" and says what to give', (text) => {
    expect(() => parsePeriod(text, MONDAY)).toThrow(
      expect.objectContaining({ code: 'ERR_USAGE', fix: expect.stringContaining('2025-W11') }),
    );
  });

  test('refuses an ISO week where weeks start on another day: it would name two weeks', () => {
    expect(() => parsePeriod('2025-W11', SUNDAY)).toThrow(
      expect.objectContaining({ fix: expect.stringContaining('week-2025-03-09') }),
    );
  });
});

test.each([
  ['Europe/Vienna', true],
  ['UTC', true],
  ['Asia/Calcutta', true],
  ['+05:30', false],
  ['Europe/Wien', false],
  ['', false],
  ["'; drop table clients; --", false],
])('the zone name "%s" is known: %s', (name, isKnown) => {
  expect(isTimeZone(name)).toBe(isKnown);
});

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
