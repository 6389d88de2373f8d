// Nothing is sent twice: what nobody knows of a text that was asked for is found out, after a long
// outage too, and where two texts are alike.
import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
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

test('of two like texts the second waits until the first is known', async () => {
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

test('a text that waits in Twilio’s queue is found there, and not sent again', async () => {
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

describe('nothing is sent twice', () => {
  test('whatever becomes of a request: one answer for each task, none missing', async () => {
    world = await openSmsWorld({
      openai: { answer: ({ question }) => `Answer to ${question}` },
      twilio: {
        sendChances: {
          'accept-then-reset': 0.08,
          'reset-before': 0.08,
          'hang-accepted': 0.03,
          hang: 0.03,
          '429': 0.08,
          '500': 0.05,
          '500-accepted': 0.05,
          slow: 0.05,
        },
        callbackChances: { lost: 0.2, duplicated: 0.1, 'out-of-order': 0.1, 'before-answer': 0.1 },
        slowMs: 20,
        retryAfterSeconds: 0,
      },
      twilioTimeoutMs: 300,
      now: fastClock(60),
    });
    const statuses = await Promise.all(
      Array.from({ length: 120 }, (_, index) => world.text(person(index), `question ${index}`)),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    await world.settle(90_000);
    for (let index = 0; index < 120; index += 1) {
      const answers = world.sentTo(person(index)).filter((body) => !body.startsWith('Welcome'));
      expect(answers).toEqual([`Answer to question ${index}`]);
    }
    const states = await world.rows('select distinct state from sms_outbox');
    expect(states).toEqual([{ state: 'sent' }]);
    const [same] = await world.rows(
      `select count(*)::int as texts from sms_outbox join sms_messages using (client_id, message_sid)
       where sms_messages.direction = 'outbound'`,
    );
    expect(same).toEqual({ texts: 240 });
  }, 120_000);

  test('a sender that resends what it does not know sends twice (control)', async () => {
    world = await openSmsWorld({
      openai: { answer: () => 'Yes.' },
      now: fastClock(60),
      // Else a delivery state tells the sid before the second request.
      twilio: { callbackChances: { lost: 1 } },
      resendsBlindly: true,
    });
    world.twilio.sendFaults.force('accept-then-reset');
    await world.text(ANA, 'Hello?');
    await world.settle(30_000);
    expect(world.sentTo(ANA).length).toBeGreaterThan(2);
  }, 60_000);
});
