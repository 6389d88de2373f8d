// The books and Twilio's bill: texts that others sent from our number are booked too, once, and never
// in place of one of ours.
import { afterEach, describe, expect, test } from 'vitest';
import { Decimal } from '../core/money.ts';
import { fixedClock } from '../core/test-support.ts';
import { CLIENT, NUMBER, openSmsWorld, person, type SmsWorld } from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const [ANA, BEN] = [person(1), person(2)];

/** What Twilio charges for everything, to the last decimal. */
function billed(): string {
  const prices = world.twilio.messages.map(({ price }) => new Decimal(price ?? 0));
  return prices.reduce((sum, price) => sum.minus(price), new Decimal(0)).toFixed();
}

async function booked(): Promise<string | undefined> {
  const [row] = await world.rows<{ cost: string }>(
    'select trim_scale(sum(coalesce(price, estimated_price)))::text as cost from sms_messages',
  );
  return row?.cost;
}

async function compare(): Promise<void> {
  await world.twilio.waitForCallbacks();
  await world.agent?.reconcileNow();
}

async function waitUntil(isSo: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + 20_000;
  while (!(await isSo()) && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const others = () =>
  world.rows(
    `select to_number, user_id is not null as is_known, task_id, body, status, price is not null
       as is_priced, is_reconciled
     from sms_messages where direction = 'outbound' and task_id is null order by to_number`,
  );

describe('a text that left our number without us', () => {
  test('is booked once with its price, so that the books equal the bill', async () => {
    world = await openSmsWorld({ openai: { answer: () => 'Yes.' } });
    await world.text(ANA, 'Hello?');
    await world.settle();
    await world.text(ANA, 'STOP');
    world.twilio.sendItself({ from: NUMBER, to: ANA, body: 'You have successfully unsubscribed.' });
    world.twilio.sendItself({ from: NUMBER, to: BEN, body: 'From the console. '.repeat(20) });
    await world.settle();
    await compare();
    await compare();
    const of = { task_id: null, body: null, status: 'delivered', is_priced: true };
    expect(await others()).toEqual([
      { ...of, to_number: ANA, is_known: true, is_reconciled: true },
      { ...of, to_number: 'unknown', is_known: false, is_reconciled: true },
    ]);
    expect(world.twilio.messages).toHaveLength(6);
    expect(await booked()).toBe(billed());
    await world.rows('delete from sms_messages where task_id is null and user_id is null');
    expect(await booked()).not.toBe(billed());
  });

  test('of a person who is forgotten afterwards keeps no number', async () => {
    world = await openSmsWorld({ openai: { answer: () => 'Yes.' } });
    await world.text(ANA, 'Hello?');
    await world.settle();
    world.twilio.sendItself({ from: NUMBER, to: ANA, body: 'From the console' });
    await compare();
    world.twilio.sendItself({ from: NUMBER, to: ANA, body: 'Before it was listed' });
    await world.text(ANA, 'FORGET ME');
    await world.settle();
    await compare();
    expect((await others()).map((row) => row.to_number)).toEqual(['forgotten', 'unknown']);
    expect(await world.rows(`select 1 from sms_messages where to_number = '${ANA}'`)).toEqual([]);
  });

  test('has the state that was told of it before it was booked', async () => {
    world = await openSmsWorld({ openai: { answer: () => 'Yes.' } });
    await world.text(ANA, 'Hello?');
    await world.settle();
    const text = world.twilio.sendItself({ from: NUMBER, to: ANA, body: 'From the console' });
    await world.twilio.waitForCallbacks();
    // The list is behind.
    text.status = 'sent';
    const told = { MessageSid: text.sid, MessageStatus: 'undelivered', ErrorCode: '30036' };
    expect(await world.tellStatus({ ...told, To: ANA }, { client_id: CLIENT })).toBe(200);
    await compare();
    expect(await others()).toMatchObject([{ to_number: ANA, status: 'undelivered' }]);
    expect(await world.rows('select 1 from sms_suppressions')).toEqual([]);
  });

  test('is not taken for one while ours of the pair may be it; ours gets it', async () => {
    const clock = fixedClock(new Date().toISOString());
    world = await openSmsWorld({ openai: { answer: () => 'Yes.' }, now: clock.now });
    await world.text(ANA, 'Hello?');
    await world.settle();
    world.twilio.callbackFaults.force('lost');
    world.twilio.sendFaults.force('accept-then-reset');
    await world.text(ANA, 'Again?');
    const uncertain = `select 1 from sms_outbox where state = 'uncertain'`;
    await waitUntil(async () => (await world.rows(uncertain)).length > 0);
    await compare();
    expect(await world.rows(uncertain)).toHaveLength(1);
    expect(await others()).toEqual([]);
    clock.set(new Date(clock.now().getTime() + 60_000).toISOString());
    await world.settle();
    await compare();
    expect(await others()).toEqual([]);
    expect(await booked()).toBe(billed());
    const [answers] = await world.rows(
      `select count(*)::int as texts, count(distinct task_id)::int as tasks
       from sms_messages where direction = 'outbound'`,
    );
    expect(answers).toEqual({ texts: 3, tasks: 2 });
  });
});

describe('a text that Twilio refused and sent all the same', () => {
  const segments = async () =>
    world.rows(
      `select scope, segments from sms_spend
       where client_id = $1 and scope in ('client', 'number') order by 1`,
      [CLIENT],
    );

  test('counts in the caps again, once', async () => {
    world = await openSmsWorld({ openai: { answer: () => 'Yes.' } });
    await world.text(ANA, 'Hello?');
    await world.settle();
    world.twilio.sendFaults.force('refuse:30007');
    await world.text(ANA, 'Again?');
    await world.settle();
    expect(await segments()).toEqual([
      { scope: 'client', segments: 2 },
      { scope: 'number', segments: 2 },
    ]);
    const [failed] = await world.rows<{ outbox_id: string }>(
      `select outbox_id from sms_outbox where state = 'failed'`,
    );
    const sid = `SM${'d'.repeat(32)}`;
    for (const status of ['sent', 'delivered', 'delivered']) {
      const of = { client_id: CLIENT, outbox_id: failed?.outbox_id ?? '' };
      const fields = { MessageSid: sid, MessageStatus: status, From: NUMBER, To: ANA };
      expect(await world.tellStatus(fields, of)).toBe(200);
    }
    expect(await segments()).toEqual([
      { scope: 'client', segments: 3 },
      { scope: 'number', segments: 3 },
    ]);
    expect(await world.rows('select distinct state from sms_outbox')).toEqual([{ state: 'sent' }]);
  });
});
