// Rules that keep requests fair: what was not answered is not counted, being forgotten lifts no
// restriction, and words that need no model do not wait for one.
import { afterEach, expect, test } from 'vitest';
import { fixedClock } from '../core/test-support.ts';
import { openSmsWorld, person, type SmsWorld } from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const ANA = person(1);
const counted = () =>
  world.rows('select monthly_requests, total_requests::int as total from sms_users');

test('an answer that a cap keeps back is not counted', async () => {
  world = await openSmsWorld({ settings: { numberCap: { segments: 1, cost: '1000' } } });
  await world.text(ANA, 'Hello?');
  await world.settle();
  expect(world.sentTo(ANA)).toEqual([expect.stringMatching(/^Welcome/)]);
  expect(await counted()).toEqual([{ monthly_requests: 0, total: 0 }]);
  expect(await world.rows('select counted_month from tasks')).toEqual([{ counted_month: null }]);
});

test('an answer that Twilio refuses is not counted, one that it takes is', async () => {
  world = await openSmsWorld();
  await world.text(ANA, 'Hello?');
  await world.settle();
  world.twilio.sendFaults.force('refuse:21612');
  await world.text(ANA, 'And now?');
  await world.settle();
  expect(await counted()).toEqual([{ monthly_requests: 1, total: 1 }]);
});

test('whoever is switched off stays so after FORGET ME', async () => {
  world = await openSmsWorld();
  await world.text(ANA, 'Hello?');
  await world.settle();
  await world.rows('update sms_users set is_active = false');
  await world.text(ANA, 'Forget me');
  await world.settle();
  await world.text(ANA, 'Hello again?');
  await world.settle();
  expect(world.openai.chats).toHaveLength(1);
});

test('USAGE is answered while an earlier question waits for a model that is away', async () => {
  const clock = fixedClock(new Date().toISOString());
  world = await openSmsWorld({ now: clock.now });
  world.openai.faults.force('503');
  await world.text(ANA, 'Hello?');
  const until = performance.now() + 5_000;
  while (performance.now() < until) {
    const [task] = await world.rows('select attempts, status from tasks');
    if (task?.attempts === 1 && task.status === 'received') break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await world.text(ANA, 'usage');
  while (performance.now() < until && !world.sentTo(ANA).at(-1)?.includes('of 50')) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(world.sentTo(ANA).at(-1)).toMatch(/^49 of 50/);
  clock.set(new Date(clock.now().getTime() + 60_000).toISOString());
  await world.settle();
  expect(world.openai.chats).toHaveLength(1);
});

test('a text abroad that is refused wakes nobody', async () => {
  world = await openSmsWorld();
  world.twilio.sendFaults.force('refuse:21408');
  await world.text(ANA, 'Hello?');
  await world.settle();
  expect(await world.rows('select code, is_critical from error_logs')).toEqual([
    { code: '21408', is_critical: false },
  ]);
});
