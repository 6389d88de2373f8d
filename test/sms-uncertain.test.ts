// What nobody knows of a text that was asked for is found out, and the text is neither lost nor sent
// twice: after a long outage, and where two texts are alike.
import { isDeepStrictEqual } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { fixedClock } from '../core/test-support.ts';
import { fastClock } from './fast-clock.ts';
import { openSmsWorld, person, type SmsWorld } from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const ANA = person(1);

/** Polls, with a bound; the last thing seen is what the test then judges. */
async function waitUntil(isSo: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + 20_000;
  while (!(await isSo()) && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const attemptsOf = async (kind: string) => {
  const [row] = await world.rows<{ attempts: number; state: string }>(
    'select attempts, state from sms_outbox where kind = $1',
    [kind],
  );
  return row;
};

test('a Twilio that fails for an hour loses no text, and each is sent once after it', async () => {
  world = await openSmsWorld({ openai: { answer: () => 'Yes.' }, now: fastClock(600) });
  world.twilio.sendFaults.chances = { '500': 1 };
  await world.text(ANA, 'Hello?');
  await waitUntil(async () => ((await attemptsOf('answer'))?.attempts ?? 0) >= 7);
  expect(await attemptsOf('answer')).not.toMatchObject({ state: 'failed' });
  world.twilio.sendFaults.chances = {};
  await world.settle(30_000);
  const sent = [expect.stringMatching(/^Welcome/), expect.stringMatching(/Yes\.$/)];
  expect(world.sentTo(ANA)).toEqual(sent);
}, 60_000);

test('of two like texts the second waits until the first is known: a list tells them not apart', async () => {
  const clock = fixedClock(new Date().toISOString());
  const later = (seconds: number) =>
    clock.set(new Date(clock.now().getTime() + seconds * 1_000).toISOString());
  world = await openSmsWorld({ openai: { answer: () => 'Yes.' }, now: clock.now });
  await world.text(ANA, 'Hello?');
  await world.settle();
  later(120);
  // The first is never accepted; the second is, but neither its answer nor its states come.
  world.twilio.callbackFaults.force('lost', 'lost');
  world.twilio.sendFaults.force('reset-before', 'accept-then-reset', 'accept-then-reset');
  const hasStates = (states: string[]) => async () => {
    const open = `select state from sms_outbox where state <> 'sent' order by place`;
    return isDeepStrictEqual((await world.rows(open)).flatMap(Object.values), states);
  };
  await world.text(ANA, 'Again?');
  await waitUntil(hasStates(['uncertain']));
  await world.text(ANA, 'Again?');
  await waitUntil(hasStates(['uncertain', 'pending']));
  await waitUntil(async () => {
    later(5);
    return hasStates([])();
  });
  const booked = await world.rows<{ outbox_id: string; message_sid: string }>(
    `select outbox_id, message_sid from sms_outbox where kind = 'answer' order by place`,
  );
  const sent = world.twilio.sentTo(ANA).slice(1);
  expect(sent.map(({ sid, statusCallback }) => `${statusCallback} ${sid}`)).toEqual(
    booked.map((row) => expect.stringContaining(`=${row.outbox_id} ${row.message_sid}`)),
  );
});

test('a text that Twilio holds in its queue for long is found there, and not sent again', async () => {
  const clock = fixedClock(new Date().toISOString());
  world = await openSmsWorld({ openai: { answer: () => 'Yes.' }, now: clock.now });
  await world.text(ANA, 'Hello?');
  await world.settle();
  world.twilio.callbackFaults.force('lost');
  world.twilio.sendFaults.force('accept-then-reset');
  await world.text(ANA, 'Again?');
  await waitUntil(
    async () => (await world.rows(`select 1 from sms_outbox where state = 'uncertain'`)).length > 0,
  );
  // A number sends one segment a second: what waits has no date of sending, and no state is told.
  await world.twilio.waitForCallbacks();
  Object.assign(world.twilio.sentTo(ANA).at(-1) ?? {}, { sentAt: null, status: 'queued' });
  await waitUntil(async () => {
    clock.set(new Date(clock.now().getTime() + 5_000).toISOString());
    const open = `select 1 from sms_outbox where state <> 'sent'`;
    return (await world.rows(open)).length === 0;
  });
  expect(world.sentTo(ANA).slice(1)).toEqual(['Yes.', 'Yes.']);
});
