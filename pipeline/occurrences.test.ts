// The instants of cron expressions: on ordinary days those that croner gives, on the nights when
// clocks change each once, around holidays where they are meant to be.
import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCron } from './cron.ts';
import { nextSlot, type Recurrence, slotsBetween } from './occurrences.ts';

function recurrence(text: string, fields: Partial<Recurrence> = {}): Recurrence {
  return {
    cron: parseCron(text),
    timeZone: 'UTC',
    onHoliday: 'run',
    holidays: new Set(),
    ...fields,
  };
}

const HOUR_MS = 3_600_000;
/** The slots of `[from, to)`, in UTC and without seconds. */
function slots(one: Recurrence, from: string, to: string): string[] {
  const [after, until] = [Date.parse(from) - 1, Date.parse(to) - 1];
  const found = slotsBetween(one, new Date(after), new Date(until), 100_000);
  return found.map((slot) => slot.toISOString().slice(5, 16).replace('T', ' '));
}

/** Minutes between one slot and the next. */
function gaps(one: Recurrence, from: string, to: string): number[] {
  const [after, until] = [new Date(Date.parse(from) - 1), new Date(Date.parse(to) - 1)];
  const found = slotsBetween(one, after, until, 100_000).map((slot) => slot.getTime());
  return found.slice(1).map((slot, index) => (slot - (found[index] ?? 0)) / 60_000);
}

/** Both nights of 2026 at which the clocks of a zone change, each with three days around it. */
const NIGHTS = [
  ['Europe/Vienna', '2026-03-28T00:00Z', '2026-03-31T00:00Z'],
  ['Europe/Vienna', '2026-10-24T00:00Z', '2026-10-27T00:00Z'],
  ['America/New_York', '2026-03-07T00:00Z', '2026-03-10T00:00Z'],
  ['America/New_York', '2026-10-31T00:00Z', '2026-11-03T00:00Z'],
  ['Australia/Lord_Howe', '2026-04-03T00:00Z', '2026-04-06T00:00Z'],
  ['Australia/Lord_Howe', '2026-10-02T00:00Z', '2026-10-05T00:00Z'],
] as const;

describe('in the nights when clocks change', () => {
  test.each([
    ['a time that is skipped comes an hour later', 'Europe/Vienna', '30 2 * * *', '03-29 01:30'],
    ['a time that comes twice counts once', 'Europe/Vienna', '30 2 * * *', '10-25 00:30'],
    ['the same in New York, in spring', 'America/New_York', '30 2 * * *', '03-08 07:30'],
    ['the same in New York, in autumn', 'America/New_York', '30 1 * * *', '11-01 05:30'],
    ['half an hour is skipped too', 'Australia/Lord_Howe', '15 2 * * *', '10-03 15:45'],
    ['half an hour comes twice too', 'Australia/Lord_Howe', '45 1 * * *', '04-04 14:45'],
  ])('%s', (_name, timeZone, text, expected) => {
    const [month, day] = [expected.slice(0, 2), expected.slice(3, 5)];
    const noon = Date.parse(`2026-${month}-${day}T12:00Z`);
    const around = [new Date(noon - 24 * HOUR_MS), new Date(noon + 24 * HOUR_MS)] as const;
    const one = recurrence(text, { timeZone });
    const found = slotsBetween(one, ...around, 10).map((slot) => slot.toISOString().slice(5, 16));
    expect(found).toContain(expected.replace(' ', 'T'));
    expect(found).toHaveLength(2);
  });

  test.each(NIGHTS)('in %s from %s every 5 and 30 minutes are so by real time', (...night) => {
    const [timeZone, from, to] = night;
    expect(new Set(gaps(recurrence('*/5 * * * *', { timeZone }), from, to))).toEqual(new Set([5]));
    expect(new Set(gaps(recurrence('*/30 * * * *', { timeZone }), from, to))).toEqual(
      new Set([30]),
    );
  });

  test.each(NIGHTS)('in %s from %s no hour has two slots or none', (timeZone, from, to) => {
    const found = gaps(recurrence('0 * * * *', { timeZone }), from, to);
    // Lord Howe's clocks move by half an hour, so one slot comes that much sooner or later.
    const half = from.startsWith('2026-04') ? 90 : 30;
    const odd = found.filter((minutes) => minutes !== 60);
    expect(odd).toEqual(timeZone === 'Australia/Lord_Howe' ? [half] : []);
  });

  test('two times that meet, because one was moved, are one slot', () => {
    const one = recurrence('30 1-4 * * *', { timeZone: 'Europe/Vienna' });
    expect(slots(one, '2026-03-29T00:00Z', '2026-03-29T04:00Z')).toEqual([
      '03-29 00:30',
      '03-29 01:30',
      '03-29 02:30',
    ]);
  });

  test('a date that a zone never had has no slot of its own', () => {
    const one = recurrence('0 7 * * *', { timeZone: 'Pacific/Apia' });
    expect(slots(one, '2011-12-29T00:00Z', '2012-01-01T00:00Z')).toEqual([
      '12-29 17:00',
      '12-30 17:00',
      '12-31 17:00',
    ]);
  });
});

describe('on ordinary days', () => {
  const number = (min: number, max: number) => fc.integer({ min, max }).map(String);
  const field = (min: number, max: number) =>
    fc.oneof(
      { weight: 2, arbitrary: fc.constant('*') },
      { weight: 3, arbitrary: number(min, max) },
      fc.integer({ min: 2, max: Math.min(15, max - min) }).map((step) => `*/${step}`),
      fc.tuple(number(min, max), number(min, max)).map((pair) => pair.join(',')),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map(([one, other]) => `${Math.min(one, other)}-${Math.max(one, other)}`),
    );
  const days = fc.oneof(
    fc.tuple(fc.oneof(field(1, 28), fc.constantFrom('L', '15,L', 'LW')), fc.constant('*')),
    fc.tuple(fc.constant('*'), fc.oneof(field(0, 6), fc.constantFrom('mon-fri', 'sat,sun'))),
  );
  const expression = fc
    .tuple(field(0, 59), field(0, 23), days, field(1, 12))
    .map(([minute, hour, [day, weekDay], month]) => [minute, hour, day, month, weekDay].join(' '));
  const zone = fc.constantFrom('UTC', 'Asia/Kolkata', 'Asia/Kathmandu', 'America/Phoenix');

  test('the next slot is the one that croner gives', () => {
    fc.assert(
      fc.property(expression, zone, fc.integer({ min: 0, max: 4_000 }), (text, timeZone, hours) => {
        const after = new Date(Date.parse('2024-01-01T00:00Z') + hours * HOUR_MS);
        const expected = new Cron(text, { timezone: timeZone }).nextRun(after);
        expect(nextSlot(recurrence(text, { timeZone }), after)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test('what lies between two instants is what follows one after the other', () => {
    fc.assert(
      fc.property(expression, fc.constantFrom(...NIGHTS), (text, [timeZone, from]) => {
        const one = recurrence(text, { timeZone });
        // From shortly before the clocks change.
        const start = new Date(Date.parse(from) + 22 * HOUR_MS);
        const stepped: Date[] = [];
        for (
          let slot = nextSlot(one, start);
          slot !== undefined && stepped.length < 60;
          slot = nextSlot(one, slot)
        )
          stepped.push(slot);
        const until = stepped.at(-1) ?? start;
        // A year holds what the rarest of them needs.
        const isNear = until.getTime() - start.getTime() < 366 * 24 * HOUR_MS;
        if (isNear) expect(slotsBetween(one, start, until, 100)).toEqual(stepped);
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});

describe('around holidays', () => {
  const holidays = new Set(['2026-12-24', '2026-12-25', '2026-12-28']);
  const december = (text: string, onHoliday: Recurrence['onHoliday']) =>
    slots(recurrence(text, { holidays, onHoliday }), '2026-12-22T00:00Z', '2027-01-01T00:00Z').map(
      (slot) => Number(slot.slice(3, 5)),
    );

  test('a job may run all the same, or not', () => {
    expect(december('0 7 * * thu-fri', 'run')).toEqual([24, 25, 31]);
    expect(december('0 7 * * thu-fri', 'skip')).toEqual([31]);
  });

  test('a slot may move to the next business day, over the weekend, and meet another there', () => {
    expect(december('0 7 * * fri', 'move')).toEqual([29]);
    expect(december('0 7 * * fri,tue', 'move')).toEqual([22, 29]);
  });

  test('weekends stay as they are: only holidays move', () => {
    expect(december('0 7 * * sun', 'move')).toEqual([27]);
  });

  test('holidays that leave nothing are no endless search', () => {
    const one = recurrence('0 7 25 dec *', {
      onHoliday: 'skip',
      holidays: new Set(Array.from({ length: 40 }, (_, index) => `${2026 + index}-12-25`)),
    });
    expect(nextSlot(one, new Date('2026-01-01T00:00Z'))).toBeUndefined();
  });
});
