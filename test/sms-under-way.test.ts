// What was under way when something else happened: a text whose sender lost it or whose reader is
// forgotten, an account that may not send, lists that fail.
import { afterEach, expect, test } from 'vitest';
import { addTestClient, fixedClock } from '../core/test-support.ts';
import { claimText, type SendDeps, sendText } from '../ingest/agent/send-texts.ts';
import { addNumber } from '../ingest/store/numbers.ts';
import { forgetSmsUser } from '../ingest/store/sms-users.ts';
import { createTwilioApi } from '../ingest/twilio/api.ts';
import { CLIENT, openSmsWorld, person, type SmsWorld, type WorldOptions } from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const ANA = person(1);

/** A world whose clock only goes when it is told to. */
async function openStill(options: WorldOptions = {}) {
  const clock = fixedClock(new Date().toISOString());
  world = await openSmsWorld({ openai: { answer: () => 'Yes.' }, now: clock.now, ...options });
  const later = (seconds: number) =>
    clock.set(new Date(clock.now().getTime() + seconds * 1_000).toISOString());
  return { now: clock.now, later };
}

/** Polls, with a bound; what the test then judges is what is there. */
async function waitUntil(
  isSo: () => Promise<boolean>,
  between: () => void = () => undefined,
): Promise<void> {
  const until = performance.now() + 10_000;
  while (!(await isSo()) && performance.now() < until) {
    between();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const has =
  (sql: string, rows = 1) =>
  async () =>
    (await world.rows(sql)).length >= rows;

/** Somebody waits for a lock of these books. */
const IS_WAITING = `select 1 from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock'`;

test('a sender that was stopped for longer than its lease sends nothing any more', async () => {
  const { now, later } = await openStill();
  world.twilio.sendFaults.force('429');
  await world.text(ANA, 'Hello?');
  await waitUntil(has(`select 1 from sms_outbox where kind = 'answer'`));
  await world.stopAgent();
  later(10);
  const { accountSid, authToken, url: baseUrl } = world.twilio;
  const cap = { segments: 100, cost: '100' };
  const deps = {
    ...{ pool: world.books.app, now, circuit: new Map(), publicUrl: 'https://sms.acme.example' },
    ...{ settings: { numberCap: cap, clientCap: cap } },
    twilio: createTwilioApi({ accountSid, authToken, baseUrl }),
  } as unknown as SendDeps;
  const claimed = await claimText(deps, CLIENT);
  if (typeof claimed !== 'object') throw new Error('no text is due');
  world.startAgent();
  // Another one looks it up, does not find it, and sends it.
  await waitUntil(
    async () => !(await has(`select 1 from sms_outbox where state <> 'sent'`)()),
    () => later(5),
  );
  await sendText(deps, claimed);
  expect(world.sentTo(ANA).sort()).toEqual([expect.stringMatching(/^Welcome/), 'Yes.']);
});

test('an answer that comes back to us is not sent to whoever is forgotten since', async () => {
  const { later } = await openStill();
  await world.text(ANA, 'Hello?');
  await world.settle();
  later(60);
  world.twilio.sendFaults.force('reset-before');
  await world.text(ANA, 'And my secret?');
  await waitUntil(has(`select 1 from sms_outbox where state = 'uncertain'`));
  await world.text(ANA, 'FORGET ME');
  const open = `select 1 from sms_outbox where state in ('pending', 'sending', 'uncertain')`;
  await waitUntil(has('select 1 from sms_users where forgotten_at is not null'));
  await waitUntil(
    async () => !(await has(open)()),
    () => later(5),
  );
  expect(world.sentTo(ANA).filter((body) => body === 'Yes.')).toHaveLength(1);
  expect(
    await world.rows('select state, body from sms_outbox where to_number = $1', [ANA]),
  ).toEqual([]);
});

test.each(['STOP', 'an account that is switched off'])('FORGET ME holds after %s', async (what) => {
  await openStill();
  await world.text(ANA, 'Hello?');
  await world.settle();
  if (what === 'STOP') await world.text(ANA, 'STOP');
  else await world.rows('update sms_users set is_active = false, inactive_told_at = now()');
  await world.text(ANA, 'FORGET ME');
  await world.settle();
  expect(await world.rows('select body from sms_messages where body is not null')).toEqual([]);
  expect(await world.rows('select phone from sms_users')).toEqual([{ phone: null }]);
});

test('a number of one client that may not send stops no other client', async () => {
  await openStill();
  const [number, ben] = ['+12025550199', person(2)];
  await addTestClient(world.books.app, { clientId: 'beta', name: 'Beta' });
  await addNumber(world.books.app, 'beta', number, new Date());
  await world.stopAgent();
  world.startAgent();
  world.twilio.sendFaults.force('refuse:21606');
  await world.text(ANA, 'Hello?');
  await waitUntil(has('select 1 from error_logs'));
  await world.twilio.receive({ from: ben, to: number, body: 'Hello?' });
  await waitUntil(async () => world.sentTo(ben).length === 2);
  expect(world.sentTo(ben)).toHaveLength(2);
  expect(world.sentTo(ANA)).toEqual([]);
});

test('lists that fail are one error, however many texts are uncertain', async () => {
  const { later } = await openStill();
  world.twilio.sendFaults.force(...Array.from({ length: 10 }, () => 'reset-before' as const));
  await Promise.all(Array.from({ length: 5 }, (_, index) => world.text(person(index), 'Hello?')));
  const uncertain = `select 1 from sms_outbox where state = 'uncertain'`;
  await waitUntil(has(uncertain, 10));
  world.twilio.listStatuses.push(...Array.from({ length: 1_000 }, () => 500));
  await waitUntil(
    async () => world.twilio.listStatuses.length < 980,
    () => later(4),
  );
  world.twilio.listStatuses.length = 0;
  expect(await world.rows('select error_type from error_logs')).toEqual([
    { error_type: 'twilio_error' },
  ]);
});

test('a text that is stored while its sender is forgotten leaves nothing behind', async () => {
  const { now } = await openStill();
  await world.text(ANA, 'Hello?');
  await world.settle();
  const slow = await world.books.owner.connect();
  await slow.query('begin; lock table conversations in access exclusive mode');
  const storing = world.text(ANA, 'My name is Ana');
  await waitUntil(has(IS_WAITING));
  await forgetSmsUser(world.books.app, { clientId: CLIENT, who: ANA, now: now() });
  await slow.query('commit');
  slow.release();
  await storing;
  await world.settle();
  expect(await world.rows('select 1 from sms_messages where body is not null')).toEqual([]);
  expect(await world.rows('select 1 from sms_messages where from_number = $1', [ANA])).toEqual([]);
});

test('a text that is stored between two steps of forgetting leaves nothing behind', async () => {
  const { now } = await openStill();
  await world.text(ANA, 'Hello?');
  await world.settle();
  await world.stopAgent();
  const slow = await world.books.owner.connect();
  await slow.query('begin; select 1 from sms_messages for update');
  const forgetting = forgetSmsUser(world.books.app, { clientId: CLIENT, who: ANA, now: now() });
  await waitUntil(has(IS_WAITING));
  expect(await world.text(ANA, 'My name is Ana')).toBe(200);
  await slow.query('commit');
  slow.release();
  await forgetting;
  world.startAgent();
  await world.settle();
  expect(await world.rows('select 1 from sms_messages where body is not null')).toEqual([]);
  expect(await world.rows('select 1 from sms_messages where from_number = $1', [ANA])).toEqual([]);
});
