// Books with jobs whose effects are counted, and scheduler processes that work on them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { query } from '../core/postgres.ts';
import { deriveRoleUrl, PIPELINE_ROLE } from '../core/roles.ts';
import { createTestBooks, type TestBooks } from '../core/test-support.ts';
import type { SchedulerOptions } from './scheduler-process.ts';
import { PROJECT_DIR } from './support.ts';

export interface TestJob {
  job: string;
  cron: string;
  timeZone?: string;
  policy: string;
  /** Its slots come after this instant. */
  after: string;
}

export interface Effect extends Record<string, unknown> {
  job: string;
  slot_at: Date;
  late: boolean;
  process: number;
}

export interface SchedulerWorld {
  books: TestBooks;
  addJobs(jobs: TestJob[]): Promise<void>;
  /** Starts a process and resolves when it runs. */
  start(
    options?: Partial<SchedulerOptions>,
    env?: Record<string, string>,
    preload?: string,
  ): Promise<ChildProcess>;
  effects(): Promise<Effect[]>;
  /** How many runs there are in a state. */
  count(state: string): Promise<number>;
  /** Ends every process and forgets what was done. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function openSchedulerWorld(): Promise<SchedulerWorld> {
  const books = await createTestBooks();
  await query(
    books.owner,
    'create table effects (job text, slot_at timestamptz, late boolean, process integer)',
  );
  await query(books.owner, 'grant all on effects to public');
  const url = deriveRoleUrl(books.ownerUrl, PIPELINE_ROLE);
  const children = new Set<ChildProcess>();
  const reset = async () => {
    await Promise.all([...children].map(end));
    children.clear();
    await query(books.owner, 'truncate runs, jobs, effects cascade');
  };
  return {
    books,
    reset,
    addJobs: async (jobs) => {
      for (const { job, cron, timeZone = 'UTC', policy, after } of jobs) {
        await query(
          books.owner,
          `insert into jobs (job, kind, cron, time_zone, policy, created_at, last_slot_at)
           values ($1, 'k', $2, $3, $4, $5, $5)`,
          [job, cron, timeZone, policy, after],
        );
      }
    },
    start: async (options = {}, env = {}, preload) => {
      const all: SchedulerOptions = { url, workMs: 5, lookMs: 10, guard: 'fenced', ...options };
      const script = join(PROJECT_DIR, 'test', 'scheduler-process.ts');
      const before = preload === undefined ? [] : ['--import', preload];
      const child = spawn(process.execPath, [...before, script, JSON.stringify(all)], {
        env: { PATH: process.env.PATH ?? '', TZ: 'UTC', ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.add(child);
      await waitForLine(child, 'started');
      return child;
    },
    effects: () => query<Effect>(books.owner, 'select * from effects order by slot_at, job'),
    count: async (state) => {
      const sql = 'select count(*)::int as runs from runs where state = $1';
      const [row] = await query<{ runs: number }>(books.owner, sql, [state]);
      return row?.runs ?? 0;
    },
    close: async () => {
      await reset();
      await books.close();
    },
  };
}

/** Resolves when the child says a line that begins so. */
export function waitForLine(child: ChildProcess, start: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      if (
        !String(chunk)
          .split('\n')
          .some((line) => line.startsWith(start))
      )
        return;
      child.stdout?.off('data', onData);
      resolve();
    };
    child.stdout?.on('data', onData);
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`ended with ${code ?? signal} before it said "${start}"`)),
    );
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGCONT');
  child.kill('SIGKILL');
  await ended;
}
