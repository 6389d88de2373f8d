// What a person asks for: a run by hand, also of a paused job, and the past slots that were never done.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { createTestBooks, silentLog, type TestBooks } from '../core/test-support.ts';
import { askForRun, askForRuns, listPastSlots, readRuns } from './asked-runs.ts';
import { workOff } from './dispatch.ts';
import { addMissingJobs, findJob, loadJobs, pauseJob } from './jobs.ts';

const NOW = new Date('2025-03-18T10:00:00Z');
const day = (text: string) => new Date(`2025-03-${text}T00:00Z`);
const range = { from: day('10'), to: day('15'), now: NOW };
let books: TestBooks;
beforeAll(async () => {
  books = await createTestBooks();
});
afterAll(() => books.close());
beforeEach(async () => {
  await query(books.owner, 'truncate runs, jobs cascade');
  const job = { job: 'j', kind: 'k', cron: '0 7 * * *' };
  await addMissingJobs(books.pipeline, [], [job], NOW);
});

const pool = () => books.pipeline;
const job = async () => findJob(await loadJobs(pool(), silentLog()), ' j ', undefined);
const done: string[] = [];
const kinds = {
  k: {
    work: async ({ slotAt, triggeredBy }: { slotAt: Date; triggeredBy: string }) => {
      done.push(`${triggeredBy} ${slotAt.toISOString().slice(5, 10)}`);
      return { rowCount: 1 };
    },
  },
};
async function work(runIds?: string[]): Promise<string[]> {
  done.length = 0;
  const deps = { pool: pool(), now: () => NOW, log: silentLog() };
  await workOff(deps, kinds, runIds === undefined ? {} : { runIds });
  return done;
}

test('a run by hand is done once, of a paused job too', async () => {
  await pauseJob(pool(), await job(), NOW);
  const run = await askForRun(pool(), await job(), NOW);
  await expect(askForRun(pool(), await job(), NOW)).rejects.toMatchObject({ code: 'ERR_EXISTS' });
  expect(await work([run.runId])).toEqual(['hand 03-18']);
  expect(await work()).toEqual([]);
  expect(await readRuns(pool(), [run.runId])).toMatchObject([{ state: 'succeeded', rowCount: 1 }]);
});

test('of the past slots in a range, those that were never done are done', async () => {
  const slots = (await listPastSlots(pool(), await job(), range)).map(({ slotAt }) => slotAt);
  expect(slots.map((slot) => slot.getUTCDate())).toEqual([10, 11, 12, 13, 14]);
  const insert = `insert into runs (run_id, job, slot_at, state, attempts, started_at, lease_until)
    values (gen_random_uuid(), 'j', $1, $2, $3, $1, $1)`;
  await query(books.owner, insert, [slots[0], 'succeeded', 1]);
  await query(books.owner, insert, [slots[1], 'failed', 10]);
  await query(books.owner, insert, [slots[2], 'superseded', 0]);
  await query(books.owner, insert, [slots[3], 'failed', 3]);
  const states = (await listPastSlots(pool(), await job(), range)).map(({ state }) => state);
  expect(states).toEqual(['succeeded', 'failed', 'superseded', 'failed', undefined]);
  const runs = await askForRuns(pool(), await job(), slots, 'backfill', {});
  expect(runs.map(({ slotAt }) => slotAt.getUTCDate()).sort()).toEqual([11, 12, 14]);
  expect(await work()).toEqual(['backfill 03-11', 'backfill 03-12', 'backfill 03-14']);
  expect(await askForRuns(pool(), await job(), slots, 'backfill', {})).toEqual([]);
});

test('what is due goes before a backfill, though its slots are older', async () => {
  const slots = [day('10'), day('11')];
  await askForRuns(pool(), await job(), slots, 'backfill', {});
  await askForRun(pool(), await job(), NOW);
  expect(await work()).toEqual(['hand 03-18', 'backfill 03-10', 'backfill 03-11']);
});

test('no slot that has not come is backfilled, and never more than a year of days', async () => {
  const future = await listPastSlots(pool(), await job(), { ...range, to: day('25') });
  expect(future.at(-1)?.slotAt.getUTCDate()).toBe(18);
  const years = listPastSlots(pool(), await job(), { ...range, from: new Date('2020-01-01') });
  await expect(years).rejects.toMatchObject({ code: 'ERR_USAGE' });
});

test('a job is found by name, and by client where several have it', async () => {
  const all = await loadJobs(pool(), silentLog());
  expect(() => findJob(all, 'x', undefined)).toThrow('there is no job "x"');
  expect(() => findJob(all, 'j', 'acme')).toThrow('client "acme" has no job "j"');
  const two = ['a', 'b'].map((clientId) => ({ ...(all[0] as (typeof all)[0]), clientId }));
  expect(() => findJob(two, 'j', undefined)).toThrow('several clients have a job "j"');
  expect(findJob(two, 'j', 'b').clientId).toBe('b');
});
