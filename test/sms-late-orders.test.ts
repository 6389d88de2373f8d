// STOP and START that are found later than they were sent: the newest of them holds, in whichever order
// they are stored.
import { afterEach, expect, test } from 'vitest';
import { fixedClock } from '../core/test-support.ts';
import { openSmsWorld, person, type SmsWorld } from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const ANA = person(1);
type Sent = readonly [word: string, isMissed: boolean];

/** Opens a world in which a person sends these words, two minutes apart, and all are found. */
async function sendAll(words: readonly Sent[]): Promise<void> {
  const clock = fixedClock(new Date().toISOString());
  world = await openSmsWorld({ openai: { answer: () => 'Yes.' }, now: clock.now });
  await world.text(ANA, 'Hello?');
  await world.settle();
  for (const [word, isMissed] of words) {
    clock.set(new Date(clock.now().getTime() + 120_000).toISOString());
    const { reach } = world.twilio;
    if (isMissed)
      world.twilio.reach = { publicUrl: `${reach?.publicUrl}`, actualUrl: 'http://[::1]:1' };
    expect(await world.text(ANA, word)).toBe(isMissed ? 0 : 200);
    world.twilio.reach = reach;
  }
  clock.set(new Date(clock.now().getTime() + 120_000).toISOString());
  await world.agent?.reconcileNow();
  await world.settle();
}

const findReasons = () => world.rows('select reason from sms_suppressions');

test.each<readonly Sent[]>([
  [
    ['YES', true],
    ['STOP', false],
  ],
  [
    ['START', true],
    ['STOP', true],
  ],
  [
    ['STOP', false],
    ['START', true],
    ['STOP', false],
  ],
  [
    ['STOP', true],
    ['START', true],
    ['STOP', true],
  ],
])('a STOP is final, whatever is found before it: %j %j %j', async (...words) => {
  await sendAll(words.filter((word) => word !== undefined));
  expect(await findReasons()).toEqual([{ reason: 'stop' }]);
});

test.each<readonly Sent[]>([
  [
    ['STOP', true],
    ['START', false],
  ],
  [
    ['STOP', true],
    ['START', true],
  ],
  [
    ['STOP', false],
    ['START', true],
  ],
])(
  'whoever has opted in again is answered, whatever is found before it: %j %j',
  async (...words) => {
    await sendAll(words);
    expect(await findReasons()).toEqual([]);
    const acts = await world.rows(`select 1 from sms_consents where act = 'stop'`);
    expect(acts).toHaveLength(1);
  },
);

test('what was written before FORGET ME and is found after it brings nobody back', async () => {
  await sendAll([
    ['My name is Ana', true],
    ['FORGET ME', false],
  ]);
  expect(await world.rows('select phone from sms_users')).toEqual([{ phone: null }]);
  expect(await world.rows('select body from sms_messages where body is not null')).toEqual([]);
});
