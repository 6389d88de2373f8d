// Which slots are planned: each morning, Monday and first of the month by the client's own clock, each
// for the last whole period. What becomes of missed ones is in missed-slots.test.ts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays, dayOfWeek, localDate, type PeriodKind } from '../core/calendar.ts';
import { parseCron } from './cron.ts';
import { type PlannedJob, planSlots, reportPeriod } from './schedule.ts';

const LONG_AGO = new Date('2000-01-01T00:00:00Z');
const DATES = { day: '* * *', week: '* * mon', month: '1 * *' };

interface Fields extends Partial<PlannedJob> {
  kind?: PeriodKind;
  weekStart?: number;
  localTime?: string;
}

function scheduled({ kind = 'day', localTime = '07:00', ...fields }: Fields = {}): PlannedJob {
  const [hour, minute] = localTime.split(':').map(Number);
  return {
    cron: parseCron(`${minute} ${hour} ${DATES[kind]}`),
    timeZone: 'UTC',
    policy: 'coalesce',
    onHoliday: 'run',
    holidays: new Set(),
    createdAt: LONG_AGO,
    lastSlotAt: null,
    ...fields,
  };
}

/** The newest slot that is planned and the period of its report. */
function newest(fields: Fields, now: Date) {
  const { kind = 'day', weekStart = 1 } = fields;
  const job = scheduled(fields);
  const slot = planSlots(job, now).at(-1);
  const { timeZone } = job;
  return slot && { ...slot, period: reportPeriod(kind, slot.slotAt, { timeZone, weekStart }) };
}

/** The same as `instant period`. */
function due(fields: Fields, now: string): string | undefined {
  const slot = newest(fields, new Date(now));
  return slot && `${slot.slotAt.toISOString()} ${slot.period.key}`;
}

describe('a daily report', () => {
  test.each([
    ['UTC', '2025-03-18T06:59:59.999Z', '2025-03-17T07:00:00.000Z 2025-03-16'],
    ['UTC', '2025-03-18T07:00:00Z', '2025-03-18T07:00:00.000Z 2025-03-17'],
    ['America/New_York', '2025-03-18T10:59:59Z', '2025-03-17T11:00:00.000Z 2025-03-16'],
    ['America/New_York', '2025-03-18T11:00:00Z', '2025-03-18T11:00:00.000Z 2025-03-17'],
    ['Asia/Kolkata', '2025-03-18T01:30:00Z', '2025-03-18T01:30:00.000Z 2025-03-17'],
    ['Pacific/Chatham', '2025-03-17T17:15:00Z', '2025-03-17T17:15:00.000Z 2025-03-17'],
  ])('in %s at %s is due as %s', (timeZone, now, expected) => {
    expect(due({ timeZone }, now)).toBe(expected);
  });
});

describe('a weekly report', () => {
  test.each([
    [
      'on Sunday is that of the Monday before',
      1,
      '2025-03-16T23:00:00Z',
      '2025-03-10T07:00:00.000Z 2025-W10',
    ],
    ['comes on Monday', 1, '2025-03-17T07:00:00Z', '2025-03-17T07:00:00.000Z 2025-W11'],
    [
      'of a week from Sunday comes on Monday, for the week that ended on Saturday',
      7,
      '2025-03-17T07:00:00Z',
      '2025-03-17T07:00:00.000Z week-2025-03-09',
    ],
    [
      'of a week from Tuesday is for the last whole week',
      2,
      '2025-03-17T07:00:00Z',
      '2025-03-17T07:00:00.000Z week-2025-03-04',
    ],
    [
      'at the turn of the year has the number of the ISO year',
      1,
      '2025-01-06T07:00:00Z',
      '2025-01-06T07:00:00.000Z 2025-W01',
    ],
  ])('%s', (_name, weekStart, now, expected) => {
    expect(due({ kind: 'week', weekStart }, now)).toBe(expected);
  });
});

describe('a monthly report', () => {
  test.each([
    ['2025-03-01T06:59:59Z', '2025-02-01T07:00:00.000Z 2025-01'],
    ['2025-03-01T07:00:00Z', '2025-03-01T07:00:00.000Z 2025-02'],
    ['2025-03-31T23:59:59Z', '2025-03-01T07:00:00.000Z 2025-02'],
    ['2025-01-01T07:00:00Z', '2025-01-01T07:00:00.000Z 2024-12'],
  ])('at %s is %s', (now, expected) => {
    expect(due({ kind: 'month' }, now)).toBe(expected);
  });

  test('comes by the client’s date, not by the date in UTC', () => {
    const timeZone = 'Asia/Kolkata';
    const slot = '2025-02-28T18:35:00.000Z 2025-02';
    expect(due({ kind: 'month', timeZone, localTime: '00:05' }, '2025-02-28T18:35:00Z')).toBe(slot);
  });
});

describe('in the nights when clocks change', () => {
  test.each([
    [
      'a time that does not exist comes an hour later',
      'Europe/Vienna',
      '02:30',
      '2025-03-30T01:30:00Z',
      '2025-03-30T01:30:00.000Z 2025-03-29',
    ],
    [
      'and not before',
      'Europe/Vienna',
      '02:30',
      '2025-03-30T01:29:59Z',
      '2025-03-29T01:30:00.000Z 2025-03-28',
    ],
    [
      'a time that comes twice counts the first time',
      'Europe/Vienna',
      '02:30',
      '2025-10-26T00:30:00Z',
      '2025-10-26T00:30:00.000Z 2025-10-25',
    ],
    [
      'and the second time is the same slot',
      'Europe/Vienna',
      '02:30',
      '2025-10-26T01:30:00Z',
      '2025-10-26T00:30:00.000Z 2025-10-25',
    ],
    [
      'half an hour is a change too',
      'Australia/Lord_Howe',
      '02:15',
      '2025-10-04T15:45:00Z',
      '2025-10-04T15:45:00.000Z 2025-10-04',
    ],
    [
      'the morning after is at the new hour',
      'America/New_York',
      '07:00',
      '2025-03-09T11:00:00Z',
      '2025-03-09T11:00:00.000Z 2025-03-08',
    ],
  ])('%s', (_name, timeZone, localTime, now, expected) => {
    expect(due({ timeZone, localTime }, now)).toBe(expected);
  });
});

test('no slot from before the schedule was made ever comes', () => {
  const createdAt = new Date('2025-03-18T07:00:00.001Z');
  expect(due({ createdAt }, '2025-03-18T12:00:00Z')).toBeUndefined();
  expect(due({ createdAt }, '2025-03-19T06:59:59Z')).toBeUndefined();
  expect(due({ createdAt }, '2025-03-19T07:00:00Z')).toBe('2025-03-19T07:00:00.000Z 2025-03-18');
  expect(
    due({ createdAt: new Date('2025-03-18T07:00:00Z') }, '2025-03-18T07:00:00Z'),
  ).toBeDefined();
});

test('after an outage of ten days one report is due of each kind, the newest', () => {
  const keys = (['day', 'week', 'month'] as const).map(
    (kind) => newest({ kind }, new Date('2025-03-11T12:00:00Z'))?.period.key,
  );
  expect(keys).toEqual(['2025-03-10', '2025-W10', '2025-02']);
});

describe('for any sequence of instants', () => {
  const ZONES = [
    'UTC',
    'Europe/Vienna',
    'America/New_York',
    'Asia/Kolkata',
    'Pacific/Chatham',
    'Australia/Lord_Howe',
    'America/Vancouver',
    'Africa/Casablanca',
  ];
  const anySchedule = fc.record({
    kind: fc.constantFrom('day' as const, 'week' as const, 'month' as const),
    timeZone: fc.constantFrom(...ZONES),
    weekStart: fc.integer({ min: 1, max: 7 }),
    localTime: fc.constantFrom('00:00', '00:30', '02:15', '02:30', '07:00', '23:59'),
  });
  const anyInstant = fc.date({
    min: new Date('2024-01-01'),
    max: new Date('2027-01-01'),
    noInvalidDate: true,
  });
  /** The search for what was missed is long where there is no last slot. */
  const plan = (one: Fields, now: Date) =>
    newest({ ...one, createdAt: new Date(now.getTime() - 40 * 24 * 3_600_000) }, now);

  test('a slot is never in the future and its period is over', () => {
    fc.assert(
      fc.property(anySchedule, anyInstant, (one, now) => {
        const slot = plan(one, now);
        if (slot === undefined) throw new Error('in forty days every kind has a slot');
        expect(slot.slotAt.getTime()).toBeLessThanOrEqual(now.getTime());
        const date = localDate(slot.slotAt, one.timeZone);
        expect(slot.period.end <= date).toBe(true);
        // And it is the last whole one: the period after it is not over at the slot.
        expect(addDays(slot.period.end, { day: 1, week: 7, month: 28 }[one.kind]) > date).toBe(
          true,
        );
        if (one.kind === 'week') expect(dayOfWeek(date)).toBe(1);
        if (one.kind === 'month') expect(date.slice(8)).toBe('01');
      }),
    );
  });

  test('slots come in order, one for each period and one period for each', () => {
    fc.assert(
      fc.property(
        anySchedule,
        fc.array(anyInstant, { minLength: 2, maxLength: 20 }),
        (one, instants) => {
          const sorted = instants.toSorted((left, right) => left.getTime() - right.getTime());
          const slots = sorted.flatMap((now) => plan(one, now) ?? []);
          const pairs = new Set(
            slots.map((slot) => `${slot.slotAt.toISOString()} ${slot.period.key}`),
          );
          expect(new Set(slots.map((slot) => slot.slotAt.getTime())).size).toBe(pairs.size);
          expect(new Set(slots.map((slot) => slot.period.key)).size).toBe(pairs.size);
          const times = slots.map((slot) => slot.slotAt.getTime());
          expect(times).toEqual(times.toSorted((left, right) => left - right));
        },
      ),
    );
  });

  test('ticking every minute over a change of clocks plans a day exactly once', () => {
    for (const timeZone of ZONES) {
      const periods: string[] = [];
      let lastSlotAt: Date | null = null;
      for (
        let now = Date.parse('2025-10-24T00:00:00Z');
        now < Date.parse('2025-10-29T00:00:00Z');
        now += 60_000
      ) {
        const createdAt = new Date('2025-10-24T00:00:00Z');
        const slot = newest({ timeZone, localTime: '02:30', lastSlotAt, createdAt }, new Date(now));
        if (slot === undefined) continue;
        lastSlotAt = slot.slotAt;
        periods.push(slot.period.key);
      }
      expect(new Set(periods).size, timeZone).toBe(periods.length);
      expect(periods.length, timeZone).toBeGreaterThanOrEqual(5);
    }
  });
});
