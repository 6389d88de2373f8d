// Delivery states that are Twilio's and signed, and yet of nobody: refused in words, or kept until the
// text that they are of is known.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLIENT, NUMBER, openSmsWorld, person, type SmsWorld } from './sms-world.ts';
import { postSigned } from './stand-ins/twilio-webhooks.ts';

let world: SmsWorld;
beforeEach(async () => {
  world = await openSmsWorld({ isStarted: false });
});
afterEach(() => world.close());

const ANA = person(1);
const SID = `SM${'e'.repeat(32)}`;
const WEBHOOK = 'https://sms.acme.example/webhooks/twilio/sms';

const tell = (MessageStatus: string, clientId: string, more: Record<string, string> = {}) =>
  world.tellStatus(
    { MessageSid: SID, MessageStatus, From: NUMBER, To: ANA, ...more },
    { client_id: clientId, outbox_id: 'o-1' },
  );

test.each([
  ['unknown', 'nobody'],
  ['no text', '\0'],
  ['no id', "' or 1=1"],
  ['long', 'x'.repeat(5_000)],
])(
  'a state for a client that there is not (%s) is refused, and nothing is stored',
  async (...of) => {
    expect(await tell('sent', of[1])).toBe(400);
    expect(await world.rows('select 1 from sms_status_events')).toEqual([]);
    // It is told, as a field that is wrong and not as a fault of ours.
    expect(await world.rows('select client_id, error_type, code, stack from error_logs')).toEqual([
      { client_id: CLIENT, error_type: 'validation_error', code: 'client_id', stack: null },
    ]);
  },
);

test.each(['\0', '+1\u{10ffff}', ' ', `${NUMBER}\0`])(
  'a number that none can be (%j) is refused, and nothing is stored',
  async (number) => {
    expect(await tell('sent', '', { From: number })).toBe(400);
    const { accountSid: AccountSid } = world.twilio;
    const text = { AccountSid, MessageSid: SID, NumMedia: '0', Body: 'Hello?', From: ANA };
    expect(await postSigned(world.twilio, WEBHOOK, { ...text, To: number })).toBe(400);
    expect(await postSigned(world.twilio, WEBHOOK, { ...text, To: NUMBER })).toBe(200);
    expect(await world.rows('select 1 from sms_messages')).toHaveLength(1);
    expect(await world.rows('select 1 from sms_status_events')).toEqual([]);
  },
);

test('a state of a text that is booked only later is its state from then on', async () => {
  expect(await tell('delivered', CLIENT)).toBe(200);
  await world.rows(
    `insert into sms_messages (client_id, message_sid, direction, from_number, to_number, encoding,
       segments, status, currency, happened_at, stored_at)
     values ($1, $2, 'outbound', $3, $4, 'GSM-7', 1, 'queued', 'USD', now(), now())`,
    [CLIENT, SID, NUMBER, ANA],
  );
  // Twilio tells the earlier state last.
  expect(await tell('sent', CLIENT)).toBe(200);
  expect(await world.rows('select status from sms_messages')).toEqual([{ status: 'delivered' }]);
});
