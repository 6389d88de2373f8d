// When the books are compared with Twilio's list: one turn for all processes, none lost with the one
// that dies, and none that keeps a process from ending.
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { fixedClock } from '../core/test-support.ts';
import type { Agent } from '../ingest/agent/agent.ts';
import { openSmsWorld, person, type SmsWorld } from './sms-world.ts';

let world: SmsWorld;
let agents: Agent[] = [];
afterEach(async () => {
  await Promise.all(agents.map((agent) => agent.stop()));
  agents = [];
  await world.close();
});

const ANA = person(1);
/** Two days in slices of six hours, what came and what was sent. */
const LISTS = 16;

async function waitUntil(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + 10_000;
  while (!(await isSo()) && performance.now() < until) await wait(10);
}

/** A world with a clock that stands until it is moved; nothing is started. */
async function openWorld(reconcileMs: number): Promise<(ms: number) => void> {
  const clock = fixedClock(new Date().toISOString());
  const agent = { reconcileMs };
  const openai = { answer: () => 'Yes.' };
  world = await openSmsWorld({ openai, agent, now: clock.now, isStarted: false });
  return (ms) => clock.set(new Date(clock.now().getTime() + ms).toISOString());
}

/** A text that Twilio has and we were not told of. */
async function lose(body: string): Promise<void> {
  const { reach } = world.twilio;
  world.twilio.reach = { publicUrl: reach?.publicUrl ?? '', actualUrl: 'http://127.0.0.1:1' };
  expect(await world.text(ANA, body)).toBe(0);
  world.twilio.reach = reach;
}

/** Agents that are stopped with the test. */
function start(count: number): Agent[] {
  const started = Array.from({ length: count }, () => world.startAgent());
  agents.push(...started);
  return started;
}

/** So many that nobody asks for more of them a while later. */
async function countLists(expected: number): Promise<number> {
  await waitUntil(() => world.twilio.listRequests >= expected);
  await wait(300);
  return world.twilio.listRequests;
}

const isFound = async () => (await world.rows('select 1 from tasks')).length > 0;
const readClaim = async () =>
  (
    await world.rows<Record<string, Date | null>>(
      'select comparison_claimed_at, reconciled_at from sms_numbers',
    )
  )[0];

test('three processes ask Twilio for one comparison in each turn', async () => {
  const later = await openWorld(600);
  const started = start(3);
  for (let turn = 1; turn <= 3; turn += 1) {
    expect(await countLists(LISTS * turn)).toBe(LISTS * turn);
    later(600);
  }
  expect(await countLists(LISTS * 4)).toBe(LISTS * 4);
  // Control: those that mind no claim ask for one each.
  for (const agent of started) await agent.reconcileNow();
  expect(world.twilio.listRequests).toBe(LISTS * 7);
});

test('a comparison under way ends with its process, and the next process does it', async () => {
  const later = await openWorld(600);
  await lose('Hello?');
  later(60_000);
  world.twilio.listStatuses.push('hang');
  const [first] = start(1);
  await waitUntil(() => world.twilio.listRequests === 1);
  const stoppedAt = performance.now();
  await first?.stop();
  expect(performance.now() - stoppedAt).toBeLessThan(1_000);
  expect(await readClaim()).toMatchObject({ reconciled_at: null });
  start(1);
  expect(await countLists(1)).toBe(1);
  later(600);
  await waitUntil(isFound);
  expect(await isFound()).toBe(true);
  await waitUntil(async () => (await readClaim())?.reconciled_at !== null);
  expect((await readClaim())?.reconciled_at).not.toBeNull();
  expect(await world.rows('select 1 from error_logs')).toEqual([]);
});

test('a text too young for the first comparison is found half a minute later', async () => {
  const later = await openWorld(60_000);
  await lose('Hello?');
  later(1_000);
  start(1);
  expect(await countLists(LISTS)).toBe(LISTS);
  expect(await isFound()).toBe(false);
  later(31_000);
  await waitUntil(isFound);
  expect(await isFound()).toBe(true);
});
