// Schedulers in processes of their own race for the same slots, and are stopped past their lease: each
// slot takes effect once. A few processes here; `npm run prove` starts eight for two hundred slots.
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { SchedulerOptions } from './scheduler-process.ts';
import { openSchedulerWorld, type SchedulerWorld, waitForLine } from './scheduler-world.ts';
import { PROJECT_DIR } from './support.ts';

const IS_FULL = inject('kills') > 3;
const PROCESSES = IS_FULL ? 8 : 4;
const JOBS = IS_FULL ? 20 : 4;
/** Of each job, from 12:01 to 12:10. */
const SLOTS = 10;
const START = Date.parse('2025-03-18T12:10:02Z');

let world: SchedulerWorld;
beforeAll(async () => {
  world = await openSchedulerWorld();
});
afterEach(() => world.reset());
afterAll(() => world.close());

describe(`${PROCESSES} schedulers and ${JOBS * SLOTS} slots`, () => {
  async function race(guard: SchedulerOptions['guard']): Promise<number> {
    const job = { cron: '* * * * *', policy: 'all', after: '2025-03-18T12:00:00Z' };
    const jobs = Array.from({ length: JOBS }, (_, index) => ({ ...job, job: `job ${index}` }));
    await world.addJobs(jobs);
    const options = { guard, startsAt: START, startedAt: Date.now() };
    await Promise.all(Array.from({ length: PROCESSES }, () => world.start(options)));
    await expect.poll(() => world.count('succeeded'), { timeout: 40_000 }).toBe(JOBS * SLOTS);
    const effects = await world.effects();
    const slots = new Set(effects.map(({ job: name, slot_at }) => `${name} ${+slot_at}`));
    expect(slots.size).toBe(JOBS * SLOTS);
    const workers = new Set(effects.map(({ process }) => process));
    expect(workers.size).toBeGreaterThan(1);
    if (IS_FULL)
      console.log(`${guard}: ${slots.size} slots, ${effects.length} effects of ${workers.size}`);
    return effects.length;
  }

  test('make one effect of each', async () => {
    expect(await race('fenced')).toBe(JOBS * SLOTS);
  }, 60_000);

  test('make more of them under an advisory lock alone (control)', async () => {
    expect(await race('advisory lock')).toBeGreaterThan(JOBS * SLOTS);
  }, 60_000);
});

describe('a scheduler that is stopped in the middle for longer than its lease', () => {
  const FACTOR = 20;
  const preload = join(PROJECT_DIR, 'test', 'fast-time.ts');

  /** The effects when it goes on, after another one took over. */
  async function stopAndGoOn(guard: SchedulerOptions['guard']): Promise<number[]> {
    const after = new Date(Date.now() - 60_000).toISOString();
    const { minute, hour } = lastMinute();
    await world.addJobs([{ job: 'j', cron: `${minute} ${hour} * * *`, policy: 'all', after }]);
    const env = { FAST_TIME: `${FACTOR} ${Date.now()}` };
    const first = await world.start({ guard, workMs: 5_000 }, env, preload);
    await waitForLine(first, 'begun 1');
    first.kill('SIGSTOP');
    const second = await world.start({ guard, workMs: 0 }, env, preload);
    await waitForLine(second, 'begun 2');
    await expect.poll(() => world.count('succeeded'), { timeout: 20_000 }).toBe(1);
    const tried = waitForLine(first, 'tried');
    first.kill('SIGCONT');
    await tried;
    const pids = [first.pid, second.pid];
    return (await world.effects()).map(({ process }) => pids.indexOf(process) + 1);
  }

  test('takes no effect when it goes on: the fence keeps it out', async () => {
    expect(await stopAndGoOn('fenced')).toEqual([2]);
    expect(await world.count('succeeded')).toBe(1);
  }, 60_000);

  test('without the fence it does, and the slot has two (control)', async () => {
    expect((await stopAndGoOn('unfenced')).sort()).toEqual([1, 2]);
  }, 60_000);

  function lastMinute(): { minute: number; hour: number } {
    const at = new Date();
    return { minute: at.getUTCMinutes(), hour: at.getUTCHours() };
  }
});
