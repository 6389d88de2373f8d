// The comparison of the books with Twilio's list: one message that cannot be stored keeps no other
// from it, and only what is news is written.
import { afterEach, expect, test } from 'vitest';
import { fastClock } from './fast-clock.ts';
import { openSmsWorld, person, type SmsWorld } from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const [ANA, BEN] = [person(1), person(2)];
const HOUR_MS = 3_600_000;

/** Texts that Twilio has and we were never told of, each so many hours old. */
async function lose(...texts: [from: string, body: string, hoursOld: number][]): Promise<void> {
  const { reach } = world.twilio;
  world.twilio.reach = { publicUrl: reach?.publicUrl ?? '', actualUrl: 'http://127.0.0.1:1' };
  for (const [from, body, hoursOld] of texts) {
    expect(await world.text(from, body)).toBe(0);
    const message = world.twilio.messages.at(-1);
    if (message === undefined) throw new Error('Twilio has no message');
    message.createdAt = new Date(Date.now() - hoursOld * HOUR_MS);
    message.sentAt = message.createdAt;
  }
  world.twilio.reach = reach;
}

test('a listed text that the books refuse keeps no other one from being found', async () => {
  world = await openSmsWorld({ openai: { answer: () => 'Yes.' }, isStarted: false });
  await world.rows(`alter table sms_messages add check (from_number <> '${ANA}')`);
  await lose([ANA, 'Refused.', 1], [BEN, 'Old?', 20]);
  await world.startAgent().reconcileNow();
  await world.settle();
  expect(world.sentTo(BEN).at(-1)).toMatch(/Yes\.$/);
  const errors = await world.rows('select distinct error_type, is_critical from error_logs');
  expect(errors).toEqual([{ error_type: 'system_error', is_critical: true }]);
});

test('a listed text with signs that no text holds is stored like one that came', async () => {
  world = await openSmsWorld({ openai: { answer: () => 'Yes.' }, isStarted: false });
  await lose([ANA, 'Hello\0?', 1]);
  await world.startAgent().reconcileNow();
  await world.settle();
  expect(world.sentTo(ANA).at(-1)).toMatch(/Yes\.$/);
});

test('a delivery state that is known already is not written again', async () => {
  world = await openSmsWorld({ openai: { answer: () => 'Yes.' } });
  await world.text(ANA, 'Hello?');
  await world.settle();
  await world.twilio.waitForCallbacks();
  await world.agent?.reconcileNow();
  const read = 'select message_sid, status, price, xid::text from sms_messages order by 1';
  const before = await world.rows(read);
  await world.agent?.reconcileNow();
  expect(await world.rows(read)).toEqual(before);
});

test('a text that is found after a day is tried as patiently as any other', async () => {
  world = await openSmsWorld({
    ...{ openai: { answer: () => 'Yes.' }, now: fastClock(60), isStarted: false },
  });
  await lose([ANA, 'Old?', 30]);
  world.openai.faults.force('503', '503');
  await world.startAgent().reconcileNow();
  await world.settle();
  expect(world.sentTo(ANA).at(-1)).toBe('Sorry for the delay. Yes.');
});

test('what came before a number was ours is not answered; it was somebody else’s', async () => {
  world = await openSmsWorld({ openai: { answer: () => 'Yes.' }, isStarted: false });
  await world.rows(`update sms_numbers set created_at = now() - interval '2 hours'`);
  await lose([ANA, 'To another system?', 3], [BEN, 'To us?', 1]);
  await world.startAgent().reconcileNow();
  await world.settle();
  expect(world.sentTo(ANA)).toEqual([]);
  expect(world.sentTo(BEN).at(-1)).toMatch(/Yes\.$/);
});
