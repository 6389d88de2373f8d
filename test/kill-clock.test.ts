// The schedulers' clock is faked from outside, by libfaketime: over the nights when clocks change each slot
// comes once, and no jump repeats one or makes a burst. Only `npm run prove` does this; the suite has the
// same with the clock as an argument (pipeline/schedule.test.ts, pipeline/occurrences.test.ts).
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { makeTestFolder } from '../core/test-support.ts';
import { openSchedulerWorld, type SchedulerWorld } from './scheduler-world.ts';

const LIBRARY = findLibrary();
const IS_FULL = inject('kills') > 3;
const HOW = 'Debian and Ubuntu have it: apt-get install libfaketime';
/** Seconds of the faked clock in one of ours. */
const FACTOR = 600;

const folder = makeTestFolder();
let world: SchedulerWorld;
beforeAll(async () => {
  world = await openSchedulerWorld();
});
afterEach(() => world.reset());
afterAll(async () => {
  await world.close();
  folder.remove();
});

test.runIf(IS_FULL && LIBRARY === undefined)(`libfaketime is missing. ${HOW}`, (context) => {
  context.skip(HOW);
});

/** From two hours before the change of clocks on: its hour, what is daily in it and when that comes. */
const NIGHTS = [
  ['Europe/Vienna', '2026-03-28T23:00:00Z', '30 2 * * *', '2026-03-29T01:30'],
  ['Europe/Vienna', '2026-10-24T23:00:00Z', '30 2 * * *', '2026-10-25T00:30'],
  ['America/New_York', '2026-03-08T05:00:00Z', '30 2 * * *', '2026-03-08T07:30'],
  ['America/New_York', '2026-11-01T04:00:00Z', '30 1 * * *', '2026-11-01T05:30'],
  ['Australia/Lord_Howe', '2026-10-03T13:30:00Z', '15 2 * * *', '2026-10-03T15:45'],
  ['Australia/Lord_Howe', '2026-04-04T13:00:00Z', '45 1 * * *', '2026-04-04T14:45'],
] as const;

describe.runIf(IS_FULL && LIBRARY !== undefined)('over the change of clocks', () => {
  test.each(NIGHTS)(
    'in %s from %s each slot has one effect',
    async (timeZone, from, cron, daily) => {
      const jobs = [
        { job: 'daily', cron },
        { job: 'every 5 minutes', cron: '*/5 * * * *' },
        { job: 'every 30 minutes', cron: '*/30 * * * *' },
      ];
      await world.addJobs(jobs.map((job) => ({ ...job, timeZone, policy: 'all', after: from })));
      const start = `@${from.replace('T', ' ').replace('Z', '')} x${FACTOR}`;
      // One alone: a lease of this clock is over before two processes have taken turns.
      await world.start({ workMs: 0 }, fake({ FAKETIME: start }));
      const hours = 5;
      await expect
        .poll(async () => (await of('every 5 minutes')).length, { timeout: 120_000 })
        .toBeGreaterThanOrEqual(hours * 12);
      expect((await of('daily')).map((slot) => new Date(slot).toISOString().slice(0, 16))).toEqual([
        daily,
      ]);
      expect(gaps(await of('every 5 minutes'))).toEqual([5]);
      expect(gaps(await of('every 30 minutes'))).toEqual([30]);
    },
    180_000,
  );
});

describe.runIf(IS_FULL && LIBRARY !== undefined)('a clock that jumps', () => {
  test('an hour back repeats nothing, thirty days ahead makes one late slot', async () => {
    const file = join(folder.path, 'offset');
    const jumpTo = async (offsetMinutes: number) => {
      writeFileSync(file, `${offsetMinutes < 0 ? '-' : '+'}${Math.abs(offsetMinutes) * 60}\n`);
      await sleep(700);
    };
    await jumpTo(0);
    const after = new Date(Date.now() - 1_000).toISOString();
    await world.addJobs([{ job: 'j', cron: '* * * * *', policy: 'coalesce', after }]);
    await world.start({ workMs: 0 }, fake({ FAKETIME_TIMESTAMP_FILE: file }));
    for (const offset of [1, 2, 3]) await jumpTo(offset);
    const before = await of('j');
    expect(before.length).toBeGreaterThanOrEqual(3);
    for (const offset of [-60, -58, -30]) await jumpTo(offset);
    expect(await of('j')).toEqual(before);
    await jumpTo(30 * 24 * 60);
    const ahead = (await world.effects()).slice(before.length);
    expect(ahead).toMatchObject([{ late: true }]);
    for (const offset of [5, 6, 7]) await jumpTo(offset);
    const all = await of('j');
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBeGreaterThan(before.length + 2);
  }, 60_000);
});

/** The slots of a job that took effect, in order, twice where they did so twice. */
async function of(name: string): Promise<number[]> {
  return (await world.effects()).filter(({ job }) => job === name).map(({ slot_at }) => +slot_at);
}

/** The different distances between neighbours, in minutes. */
function gaps(slots: number[]): number[] {
  const between = slots.slice(1).map((slot, index) => (slot - (slots[index] ?? 0)) / 60_000);
  return [...new Set(between)];
}

function fake(settings: Record<string, string>): Record<string, string> {
  return {
    LD_PRELOAD: LIBRARY ?? '',
    // Timers stay as they are: it is the time of day that lies.
    DONT_FAKE_MONOTONIC: '1',
    FAKETIME_NO_CACHE: '1',
    ...settings,
  };
}

function findLibrary(): string | undefined {
  const folders = ['/usr/lib', '/usr/lib64', '/usr/local/lib', '/opt/homebrew/lib'];
  const inside = (dir: string) =>
    existsSync(dir) ? readdirSync(dir).map((one) => join(dir, one)) : [];
  return folders
    .flatMap((dir) => [dir, ...inside(dir)])
    .map((dir) => join(dir, 'faketime', 'libfaketimeMT.so.1'))
    .find((path) => existsSync(path));
}
