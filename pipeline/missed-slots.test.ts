// What becomes of slots that were missed, by policy, and of a clock that jumps: nothing is repeated, no
// burst comes, and what is late says so.
import { describe, expect, test } from 'vitest';
import { parseCron } from './cron.ts';
import { type PlannedJob, type PlannedSlot, planSlots } from './schedule.ts';

function scheduled(fields: Partial<PlannedJob>): PlannedJob {
  return {
    cron: parseCron('0 7 * * *'),
    timeZone: 'UTC',
    policy: 'coalesce',
    onHoliday: 'run',
    holidays: new Set(),
    createdAt: new Date('2000-01-01T00:00:00Z'),
    lastSlotAt: null,
    ...fields,
  };
}

describe('slots that were missed', () => {
  const lastSlotAt = new Date('2025-03-18T10:00Z');
  const every5 = (policy: PlannedJob['policy'], now: string) =>
    planSlots(scheduled({ cron: parseCron('*/5 * * * *'), policy, lastSlotAt }), new Date(now));
  const told = (slots: PlannedSlot[]) =>
    slots.map(
      ({ slotAt, state, isLate, missedSlots }) =>
        `${slotAt.toISOString().slice(11, 16)} ${state}${isLate ? ' late' : ''} ${missedSlots}`,
    );

  test('are none before the next slot, and none where it is on time', () => {
    for (const policy of ['coalesce', 'skip', 'all'] as const) {
      expect(every5(policy, '2025-03-18T10:04:59.999Z')).toEqual([]);
      expect(told(every5(policy, '2025-03-18T10:05:10Z'))).toEqual(['10:05 due 0']);
    }
  });

  test('become one that is labelled late (coalesce)', () => {
    expect(told(every5('coalesce', '2025-03-18T11:02Z'))).toEqual(['11:00 due late 11']);
  });

  test('are dropped, and the one that is on time runs (skip)', () => {
    expect(told(every5('skip', '2025-03-18T11:02Z'))).toEqual(['11:00 due 11']);
  });

  test('leave a row that says so where none is on time (skip)', () => {
    const daily = scheduled({ policy: 'skip', lastSlotAt: new Date('2025-03-15T07:00Z') });
    const slots = planSlots(daily, new Date('2025-03-18T12:00Z'));
    expect(told(slots)).toEqual(['07:00 skipped late 2']);
  });

  test('run each, in order (all)', () => {
    const slots = told(every5('all', '2025-03-18T10:21Z'));
    expect(slots).toEqual([
      '10:05 due late 0',
      '10:10 due late 0',
      '10:15 due late 0',
      '10:20 due 0',
    ]);
  });

  test('run each, but the newest hundred at most, and the rest is counted (all)', () => {
    const slots = every5('all', '2025-03-19T10:00Z');
    expect(slots).toHaveLength(100);
    expect(slots.at(-1)?.slotAt.toISOString()).toBe('2025-03-19T10:00:00.000Z');
    expect(slots.map(({ missedSlots }) => missedSlots).filter((count) => count > 0)).toEqual([188]);
  });
});

describe('a clock that jumps', () => {
  const cron = parseCron('*/5 * * * *');
  /** Plans at each of the instants, as the worker does, and gives the slots of each. */
  function planAt(instants: string[]): string[][] {
    let lastSlotAt: Date | null = new Date('2025-03-18T09:55Z');
    return instants.map((now) => {
      const slots = planSlots(scheduled({ cron, lastSlotAt }), new Date(now));
      lastSlotAt = slots.at(-1)?.slotAt ?? lastSlotAt;
      return slots.map(({ slotAt, isLate, missedSlots }) =>
        [slotAt.toISOString().slice(5, 16), isLate ? 'late' : 'on time', missedSlots].join(' '),
      );
    });
  }

  test('an hour back repeats nothing', () => {
    const [first, ...later] = planAt([
      '2025-03-18T10:00:05Z',
      '2025-03-18T09:00:05Z',
      '2025-03-18T09:30:05Z',
      '2025-03-18T10:00:05Z',
      '2025-03-18T10:05:05Z',
    ]);
    expect(first).toEqual(['03-18T10:00 on time 0']);
    expect(later).toEqual([[], [], [], ['03-18T10:05 on time 0']]);
  });

  test('thirty days ahead makes one slot, labelled; coming back it goes on', () => {
    const [, ahead, back, next] = planAt([
      '2025-03-18T10:00:05Z',
      '2025-04-17T10:00:05Z',
      '2025-03-18T10:05:05Z',
      '2025-03-18T10:10:05Z',
    ]);
    expect(ahead).toEqual(['04-17T10:00 late 999']);
    // What has a row in the ledger is not made again: only 10:05 is new to it.
    expect(back?.[0]).toMatch(/^03-18T10:05/);
    expect(next).toEqual(['03-18T10:10 on time 0']);
  });
});
