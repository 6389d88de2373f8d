// An account that may not send is nobody's text's fault: one text at a time tries whether it may again,
// none of them loses an attempt by it, and it is told once.
import { afterEach, expect, test } from 'vitest';
import { fixedClock } from '../core/test-support.ts';
import { addNumber } from '../ingest/store/numbers.ts';
import { CLIENT, NUMBER, openSmsWorld, person, type SmsWorld } from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const PEOPLE = 6;
const MINUTE_MS = 60_000;
const OTHER_NUMBER = '+12025550199';

/** A world whose account may not send, after the texts of all were tried or wait. */
async function openRefused(code: string) {
  const clock = fixedClock('2026-03-02T12:00:00Z');
  const options = { openai: { answer: () => 'Yes.' }, agent: { pollMs: 10 }, now: clock.now };
  world = await openSmsWorld(options);
  world.twilio.sendFaults.chances = { [`refuse:${code}`]: 1 };
  for (let index = 0; index < PEOPLE; index += 1) await world.text(person(index), 'Hello?');
  await until(async () => (await texts()).length === 2 * PEOPLE && (await isQuiet()));
  const later = (minutes: number) =>
    clock.set(new Date(clock.now().getTime() + minutes * MINUTE_MS).toISOString());
  return { later };
}

const texts = () =>
  world.rows<{ state: string; attempts: number }>('select state, attempts from sms_outbox');
const isQuiet = async () => (await texts()).every(({ state }) => state === 'pending');

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('it did not come to be');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** One more look at the queue, with time for all that it may start. */
async function look(): Promise<number> {
  const before = world.twilio.sendRequests;
  await until(async () => world.twilio.sendRequests > before);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await until(isQuiet);
  return world.twilio.sendRequests - before;
}

test('one text tries for all, one request in five minutes, and none loses an attempt', async () => {
  const { later } = await openRefused('20003');
  for (let times = 0; times < 12; times += 1) {
    later(5.1);
    expect(await look()).toBe(1);
  }
  const states = await texts();
  expect(new Set(states.map(({ attempts }) => attempts))).toEqual(new Set([0]));
  expect(await world.rows('select code, is_critical from error_logs')).toEqual([
    { code: '20003', is_critical: true },
  ]);
  world.twilio.sendFaults.chances = {};
  later(5.1);
  await world.settle();
  for (let index = 0; index < PEOPLE; index += 1)
    expect(world.sentTo(person(index))).toHaveLength(2);
});

test('a number of ours that may not send keeps no other number of the client waiting', async () => {
  await openRefused('21606');
  world.twilio.sendFaults.chances = {};
  await addNumber(world.books.app, CLIENT, OTHER_NUMBER, new Date('2026-03-01T12:00:00Z'));
  const ben = person(PEOPLE);
  await world.twilio.receive({ from: ben, to: OTHER_NUMBER, body: 'Hello?' });
  await until(async () => world.sentTo(ben).length === 2);
  expect(world.twilio.messages.filter(({ from }) => from === NUMBER)).toEqual([]);
});

test('after a day the text that tries is given up, one at a time', async () => {
  const { later } = await openRefused('20003');
  later(25 * 60);
  await until(async () => (await texts()).some(({ state }) => state === 'failed'));
  expect((await texts()).filter(({ state }) => state === 'failed')).toHaveLength(1);
});
