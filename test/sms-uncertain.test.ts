// What nobody knows of a text that was asked for is found out, and the text is neither lost nor sent
// twice: after a long outage, and where two texts are alike.
import { afterEach, expect, test } from 'vitest';
import { fixedClock } from '../core/test-support.ts';
import { fastClock } from './fast-clock.ts';
import { openSmsWorld, person, type SmsWorld } from './sms-world.ts';
import type { KeptMessage } from './stand-ins/twilio-messages.ts';
import { postSigned } from './stand-ins/twilio-webhooks.ts';

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

/** A delivery state that comes late, by the address that came with the text. */
function tellDelivered(message: KeptMessage | undefined): Promise<number> {
  const { sid = '', from = '', to = '', statusCallback } = message ?? {};
  return postSigned(world.twilio, statusCallback ?? '', {
    ...{ MessageSid: sid, MessageStatus: 'delivered', From: from, To: to },
    AccountSid: world.twilio.accountSid,
  });
}

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

test('of two like texts, one lost on its way, each is sent once and told of by its own sid', async () => {
  const clock = fixedClock(new Date().toISOString());
  const later = (seconds: number) =>
    clock.set(new Date(clock.now().getTime() + seconds * 1_000).toISOString());
  world = await openSmsWorld({ openai: { answer: () => 'Yes.' }, now: clock.now });
  await world.text(ANA, 'Hello?');
  await world.settle();
  later(120);
  // The first is never accepted; the second is, but neither its answer nor its states come.
  world.twilio.callbackFaults.force('lost');
  world.twilio.sendFaults.force('reset-before', 'accept-then-reset');
  await world.text(ANA, 'Again?');
  const isOpen = (count: number, states: string) => async () =>
    (await world.rows('select 1 from sms_outbox where state = any ($1)', [states.split(' ')]))
      .length === count;
  await waitUntil(isOpen(1, 'uncertain'));
  await world.text(ANA, 'Again?');
  await waitUntil(isOpen(2, 'uncertain'));
  later(20);
  await waitUntil(isOpen(1, 'uncertain'));
  // Now Twilio tells of the accepted one after all, by the id of the text that it was asked for with.
  const accepted = world.twilio.sentTo(ANA).at(-1);
  expect(await tellDelivered(accepted)).toBe(200);
  await waitUntil(async () => {
    later(5);
    return isOpen(0, 'uncertain pending sending')();
  });
  await world.settle();
  expect(world.sentTo(ANA).slice(1)).toEqual(['Yes.', 'Yes.', 'Yes.']);
  expect(await world.rows('select distinct state from sms_outbox')).toEqual([{ state: 'sent' }]);
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
