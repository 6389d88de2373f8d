// Planned slots on a real Postgres: once each over any number of planners and workers, by policy, in
// order, late ones labelled; paused jobs rest; one that fails stops no other.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  fixedClock,
  rememberingLog,
  silentLog,
  type TestBooks,
} from '../core/test-support.ts';
import { planDueSlots, workOff } from './dispatch.ts';
import {
  addMissingJobs,
  type BuiltInJob,
  changeJob,
  findJob,
  type JobKinds,
  loadJobs,
  pauseJob,
  resumeJob,
} from './jobs.ts';

const START = '2025-03-18T10:00:00Z';
let books: TestBooks;
let clock: ReturnType<typeof fixedClock>;
beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app, { timeZone: 'Europe/Vienna' });
});
afterAll(() => books.close());
beforeEach(async () => {
  clock = fixedClock(START);
  await query(books.owner, 'truncate runs, jobs, holidays cascade');
});

const jobs = () => loadJobs(books.pipeline, silentLog());
const deps = () => ({ pool: books.pipeline, now: clock.now, log: silentLog() });
const at = (time: string) => clock.set(`2025-03-18T${time}Z`);
async function add(...added: Partial<BuiltInJob>[]): Promise<void> {
  const all = added.map((job) => ({ job: 'j', kind: 'k', cron: '*/5 * * * *', ...job }));
  await addMissingJobs(books.pipeline, [], all, clock.now());
  await query(books.owner, 'update jobs set created_at = $1, last_slot_at = $1', [clock.now()]);
}
const plan = async () => planDueSlots(deps(), await jobs(), clock.now());
/** Works off what is due, and gives the slots that were done, with what was said of them. */
async function work(kinds: JobKinds = {}): Promise<string[]> {
  const done: string[] = [];
  await workOff(deps(), {
    k: {
      work: async ({ job, slotAt, isLate, missedSlots }) => {
        const label = `${isLate ? ' late' : ''}${missedSlots > 0 ? ` +${missedSlots}` : ''}`;
        done.push(`${job} ${slotAt.toISOString().slice(11, 16)}${label}`);
        return { rowCount: 1 };
      },
    },
    ...kinds,
  });
  return done;
}
const ledger = async () => {
  const sql = 'select job, slot_at, state from runs order by slot_at, job';
  const rows = await query<{ job: string; slot_at: Date; state: string }>(books.owner, sql);
  return rows.map((row) => `${row.slot_at.toISOString().slice(11, 16)} ${row.state}`);
};

test('a slot is planned once and done once, however often one looks', async () => {
  await add({});
  at('10:05:10');
  expect(await plan()).toBe(1);
  expect(await plan()).toBe(0);
  expect(await work()).toEqual(['j 10:05']);
  expect(await work()).toEqual([]);
  expect(await ledger()).toEqual(['10:05 succeeded']);
});

test('8 planners and 8 workers at the same moment make one effect of each slot', async () => {
  await add({ policy: 'all' });
  at('11:00:01');
  const known = await jobs();
  const eight = Array.from({ length: 8 });
  await Promise.all(eight.map(() => planDueSlots(deps(), known, clock.now())));
  const done = (await Promise.all(eight.map(() => work()))).flat();
  expect(new Set(done).size).toBe(12);
  expect(done).toHaveLength(12);
});

describe('what was missed', () => {
  test('is one slot that is labelled late (coalesce)', async () => {
    await add({ policy: 'coalesce' });
    at('11:02:00');
    await plan();
    expect(await work()).toEqual(['j 11:00 late +11']);
  });

  test('is dropped and leaves a row (skip)', async () => {
    await add({ policy: 'skip', cron: '0 * * * *' });
    at('12:30:00');
    await plan();
    expect(await work()).toEqual([]);
    expect(await ledger()).toEqual(['12:00 skipped']);
  });

  test('is done in order, also by a worker that stops in between (all)', async () => {
    await add({ policy: 'all' });
    at('10:16:00');
    await plan();
    expect(await work()).toEqual(['j 10:05 late', 'j 10:10 late', 'j 10:15']);
  });

  test('and was planned but not begun becomes part of the next slot (coalesce)', async () => {
    await add({});
    at('10:05:01');
    await plan();
    at('10:10:01');
    await plan();
    expect(await work()).toEqual(['j 10:10 late +1']);
    expect(await ledger()).toEqual(['10:05 superseded', '10:10 succeeded']);
  });
});

test('a run that failed is tried again until the next slot takes its place', async () => {
  await add({});
  const failing = { k: { work: () => Promise.reject(new Error('disk full')) } };
  at('10:05:01');
  await plan();
  await work(failing);
  expect(await ledger()).toEqual(['10:05 failed']);
  at('10:06:30');
  expect(await work()).toEqual(['j 10:05']);
  at('10:10:01');
  await plan();
  await work(failing);
  at('10:15:01');
  await plan();
  expect(await work()).toEqual(['j 10:15']);
  expect(await ledger()).toEqual(['10:05 succeeded', '10:10 superseded', '10:15 succeeded']);
});

test('one that fails stops no other; where all would fail alike, the first is enough', async () => {
  await add({}, { job: 'other' });
  at('10:05:01');
  await plan();
  let tries = 0;
  const failing: JobKinds = {
    k: {
      work: async () => {
        tries += 1;
        throw new Error('no browser');
      },
    },
  };
  expect(await workOff(deps(), failing)).toHaveLength(2);
  at('10:06:30');
  await expect(workOff(deps(), failing, { isFatal: () => true })).rejects.toThrow('no browser');
  expect(tries).toBe(3);
});

test('two slots of a job never run at the same time', async () => {
  await add({ policy: 'all' });
  at('10:11:00');
  await plan();
  let running = 0;
  let most = 0;
  const slow: JobKinds = {
    k: {
      work: async () => {
        running += 1;
        most = Math.max(most, running);
        await query(books.pipeline, 'select pg_sleep(0.05)');
        running -= 1;
        return { rowCount: 0 };
      },
    },
  };
  for (let round = 0; round < 3; round += 1)
    await Promise.all([1, 2, 3, 4].map(() => workOff(deps(), slow)));
  expect(most).toBe(1);
  expect(await ledger()).toEqual(['10:05 succeeded', '10:10 succeeded']);
});

test('a run whose holders went away at every attempt ends as failed', async () => {
  await add({});
  at('10:05:01');
  await plan();
  await query(books.owner, `update runs set state = 'running', attempts = 10, lease_until = $1`, [
    clock.now(),
  ]);
  at('10:06:00');
  expect(await work()).toEqual([]);
  expect(await ledger()).toEqual(['10:05 failed']);
});

test('a paused job rests, and goes on from its next slot', async () => {
  await add({});
  const key = { job: 'j', clientId: null };
  expect(await pauseJob(books.pipeline, key, clock.now())).toBe(true);
  expect(await pauseJob(books.pipeline, key, clock.now())).toBe(false);
  at('10:05:01');
  expect(await plan()).toBe(0);
  at('10:12:00');
  expect(await resumeJob(books.pipeline, key, clock.now())).toBe(true);
  expect(await plan()).toBe(0);
  at('10:15:01');
  await plan();
  expect(await work()).toEqual(['j 10:15']);
});

test('what a job is set to is refused by field and value, and counts from now on', async () => {
  await add({ cron: '0 9 * * *' });
  const change = async (fields: Parameters<typeof changeJob>[2]) =>
    changeJob(books.pipeline, findJob(await jobs(), 'j', undefined), fields, clock.now());
  const refused = { code: 'ERR_USAGE', details: expect.objectContaining({ field: 'zone' }) };
  await expect(change({ timeZone: 'Europe/Atlantis' })).rejects.toMatchObject(refused);
  await expect(change({ cron: '0 25 * * *' })).rejects.toThrow(/the hour "25"/);
  await expect(change({ policy: 'sometimes' })).rejects.toThrow(/the policy "sometimes"/);
  await expect(change({ onHoliday: 'dance' })).rejects.toThrow(/the on-holiday "dance"/);
  await change({ cron: '0 10 * * *', timeZone: 'america/new_york', policy: 'all' });
  const [job] = await jobs();
  expect(job).toMatchObject({ cronText: '0 10 * * *', timeZone: 'America/New_York' });
  at('13:59:59');
  expect(await plan()).toBe(0);
  at('14:00:00');
  expect(await plan()).toBe(1);
});

test('a job that was spoilt by hand is told of and stops no other', async () => {
  await add({}, { job: 'other' });
  await query(books.owner, `update jobs set cron = 'now and then' where job = 'j'`);
  const { log, lines } = rememberingLog();
  at('10:05:01');
  await planDueSlots({ ...deps(), log }, await loadJobs(books.pipeline, log), clock.now());
  expect(lines[0]).toMatchObject({ event: 'job.unreadable', job: 'j' });
  expect(await work()).toEqual(['other 10:05']);
});

test('holidays are the client’s own', async () => {
  const insert = `insert into holidays values ('acme', '2025-03-19', 'St Joseph')`;
  await query(books.owner, insert);
  const values = `insert into jobs (job, client_id, kind, cron, on_holiday, created_at)
    values ('j', $1, 'k', '0 7 * * *', 'skip', '2025-03-18T10:00Z')`;
  await query(books.owner, values, ['acme']);
  await addTestClient(books.app, { clientId: 'globex', timeZone: 'Europe/Vienna' });
  await query(books.owner, `delete from jobs where client_id = 'globex'`);
  await query(books.owner, values, ['globex']);
  clock.set('2025-03-19T06:00:01Z');
  expect(await plan()).toBe(1);
  const [row] = await query<{ client_id: string }>(books.owner, 'select client_id from runs');
  expect(row?.client_id).toBe('globex');
});
