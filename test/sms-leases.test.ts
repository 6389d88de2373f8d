// How long a task is its worker's: for as long as he works on it, and less than a minute once he is gone.
// Time stands still in these tests until they move it.
import { afterEach, expect, test } from 'vitest';
import { APP_ROLE } from '../core/roles.ts';
import { fixedClock } from '../core/test-support.ts';
import type { Agent } from '../ingest/agent/agent.ts';
import { type TakeDeps, takeTask } from '../ingest/agent/take-task.ts';
import { CLIENT, openSmsWorld, person, type SmsWorld, type WorldOptions } from './sms-world.ts';

let world: SmsWorld;
const others: Agent[] = [];
afterEach(async () => {
  await Promise.all(others.splice(0).map((agent) => agent.stop()));
  await world.close();
});

const ANA = person(1);
const SLOW_MS = 2_500;

/** A world whose model takes a while, and whose clock only goes when it is told to. */
async function openStill({ agent, ...options }: WorldOptions = {}) {
  const clock = fixedClock(new Date().toISOString());
  const settings = { agent: { pollMs: 10, ...agent }, now: clock.now };
  const openai = { answer: () => 'Yes.', slowMs: SLOW_MS };
  world = await openSmsWorld({ openai, ...settings, ...options });
  const later = (seconds: number) =>
    clock.set(new Date(clock.now().getTime() + seconds * 1_000).toISOString());
  return { now: clock.now, later };
}

async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('it did not come to be');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const task = async () => {
  const [row] = await world.rows<{ fence: number; status: string; due_at: Date }>(
    'select fence::int, status, due_at from tasks',
  );
  return row ?? { fence: 0, status: '', due_at: new Date(0) };
};
const answers = () => world.sentTo(ANA).filter((body) => body === 'Yes.');
const workers = async (count: number) => {
  for (let index = 1; index < count; index += 1) {
    if (world.agent !== undefined) others.push(world.agent);
    world.startAgent();
  }
  world.openai.faults.force('slow');
  await world.text(ANA, 'A hard question?');
  await until(() => world.openai.requests === 1);
};

test('a text whose worker died is taken by another within a minute, not before', async () => {
  const { now, later } = await openStill({ isStarted: false });
  await world.text(ANA, 'Hello?');
  const deps = { pool: world.books.app, now, settings: { monthlyLimits: { free: 50 } } };
  expect(await takeTask(deps as unknown as TakeDeps, CLIENT)).toMatchObject({ clientId: CLIENT });
  world.startAgent();
  later(40);
  await until(() => world.sentTo(ANA).length === 1);
  expect(await task()).toMatchObject({ fence: 1, status: 'working' });
  later(19);
  await world.settle();
  expect(answers()).toHaveLength(1);
});

test('an answer that takes three minutes is its worker’s alone', async () => {
  const { now, later } = await openStill();
  await workers(2);
  for (let seconds = 0; seconds < 180; seconds += 15) {
    later(15);
    await until(async () => (await task()).due_at.getTime() > now().getTime() + 40_000);
  }
  expect(await task()).toMatchObject({ fence: 1, status: 'working' });
  await world.settle();
  expect([answers().length, world.openai.requests]).toEqual([1, 1]);
});

test('without prolonging, another worker takes it meanwhile (control)', async () => {
  const { later } = await openStill({ agent: { renewAfterMs: Number.POSITIVE_INFINITY } });
  await workers(2);
  later(46);
  await until(async () => (await task()).fence === 2);
  await world.settle();
  expect([answers().length, world.openai.requests]).toEqual([1, 2]);
});

test('a worker that has lost its task stops, and its call is booked', async () => {
  const { later } = await openStill();
  await workers(1);
  await world.rows('update tasks set fence = fence + 1');
  later(16);
  await until(async () => (await world.rows('select 1 from task_calls')).length === 1);
  expect(await world.rows('select status from usage_events')).toEqual([{ status: 'cancelled' }]);
  expect(await world.rows('select 1 from error_logs')).toEqual([]);
  expect(await task()).toMatchObject({ fence: 2, status: 'working' });
  later(46);
  await world.settle();
  expect(answers()).toHaveLength(1);
});

test('a lease that the books, being away, do not prolong is prolonged after it', async () => {
  const { now, later } = await openStill();
  await workers(2);
  const name = new URL(world.books.ownerUrl).pathname.slice(1);
  await world.rows(`alter database ${name} connection limit 0`);
  const sql = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = $1 and usename = $2`;
  await world.rows(sql, [name, APP_ROLE]);
  later(20);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await world.rows(`alter database ${name} connection limit -1`);
  await until(async () => (await task()).due_at.getTime() > now().getTime() + 40_000);
  await world.settle();
  expect([answers().length, world.openai.requests]).toEqual([1, 1]);
});

test('a text whose sender died is looked up within a minute', async () => {
  const { later } = await openStill({ twilioTimeoutMs: 60_000 });
  world.twilio.sendFaults.force('hang-accepted');
  await world.text(ANA, 'Hello?');
  await until(async () => world.twilio.sendRequests === 1);
  later(50);
  await until(async () => {
    const rows = await world.rows(`select 1 from sms_outbox where kind = 'welcome'
      and state = 'sent'`);
    return rows.length === 1;
  });
  await world.settle();
  expect(world.sentTo(ANA)).toHaveLength(2);
});

test('“still working” counts from the first try, and is said once', async () => {
  const { later } = await openStill();
  world.openai.faults.force('503', '503');
  await world.text(ANA, 'Hello?');
  const isPutBack = async (attempts: number) => {
    const rows = await world.rows(
      `select 1 from tasks where attempts = $1 and status = 'received'`,
      [attempts],
    );
    return rows.length === 1;
  };
  await until(() => isPutBack(1));
  expect(await world.rows(`select 1 from sms_outbox where kind = 'working'`)).toEqual([]);
  // Its second try begins after 21 seconds, fails at once, and the next one is long after.
  later(21);
  await until(() => isPutBack(2));
  await until(() => world.sentTo(ANA).length === 2);
  later(60);
  await world.settle();
  expect(world.sentTo(ANA).slice(1)).toEqual([expect.stringMatching(/^Still working/), 'Yes.']);
});
