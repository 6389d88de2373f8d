// Rules of the pump: never wider than it may be, never idle while there is work, stopped for good.
import { expect, test } from 'vitest';
import { createPump } from './pump.ts';

/** Jobs that wait until they are let go. */
function makeJobs(count: number) {
  const open = new Map<number, () => void>();
  let next = 0;
  let widest = 0;
  return {
    take: async () => (next < count ? next++ : undefined),
    run: (job: number) =>
      new Promise<void>((resolve) => {
        open.set(job, resolve);
        widest = Math.max(widest, open.size);
      }),
    letGo: (job: number) => {
      open.get(job)?.();
      open.delete(job);
    },
    started: () => next,
    isOpen: (job: number) => open.has(job),
    widest: () => widest,
  };
}

const until = async (isTrue: () => boolean) => {
  for (let turn = 0; turn < 1_000 && !isTrue(); turn += 1) await Promise.resolve();
  expect(isTrue()).toBe(true);
};
const fail = (error: unknown) => {
  throw error;
};

test('runs no more at a time than its width, and takes the next as one ends', async () => {
  const jobs = makeJobs(5);
  const pump = createPump<number>({ width: 2, take: jobs.take, run: jobs.run, onError: fail });
  pump.wake();
  for (let job = 0; job < 5; job += 1) {
    await until(() => jobs.isOpen(job));
    jobs.letGo(job);
  }
  expect(jobs.widest()).toBe(2);
  await pump.stop();
});

test('a job that fails stops no other', async () => {
  const errors: unknown[] = [];
  const done: number[] = [];
  let next = 0;
  const pump = createPump<number>({
    width: 1,
    take: async () => (next < 3 ? next++ : undefined),
    run: async (job) => {
      if (job === 1) throw new Error('no');
      done.push(job);
    },
    onError: (error) => errors.push(error),
  });
  pump.wake();
  await until(() => done.length === 2);
  expect(errors).toHaveLength(1);
  await pump.stop();
});

test('a wake while it looks is not lost', async () => {
  let isThere = false;
  const done: number[] = [];
  const pump = createPump<number>({
    width: 1,
    take: async () => {
      await Promise.resolve();
      if (!isThere) return undefined;
      isThere = false;
      return 1;
    },
    run: async (job) => void done.push(job),
    onError: fail,
  });
  pump.wake();
  isThere = true;
  pump.wake();
  await until(() => done.length === 1);
  await pump.stop();
});

test('stops after what runs, and takes nothing more', async () => {
  const jobs = makeJobs(5);
  const pump = createPump<number>({ width: 1, take: jobs.take, run: jobs.run, onError: fail });
  pump.wake();
  await until(() => jobs.isOpen(0));
  const stopped = pump.stop();
  jobs.letGo(0);
  await stopped;
  pump.wake();
  expect(jobs.started()).toBe(1);
});
