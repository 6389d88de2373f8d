// Rules of the SMS agent as a person meets them: a text is answered once, costs are booked with it,
// and the words that it knows do what they say.
import { afterEach, describe, expect, test } from 'vitest';
import { CLIENT, NUMBER, openSmsWorld, person, type SmsWorld } from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const ANA = person(1);
const WELCOME = /^Welcome to Acme.*Msg frequency varies.*data rates.*HELP.*STOP/;

describe('a text', () => {
  test('is answered, after one welcome, and every cent of it is booked', async () => {
    world = await openSmsWorld({ openai: { answer: () => 'Water boils at 100 degrees.' } });
    expect(await world.text(ANA, 'At what heat does water boil?')).toBe(200);
    await world.settle();
    await world.twilio.waitForCallbacks();
    expect(world.sentTo(ANA)).toEqual([
      expect.stringMatching(WELCOME),
      'Water boils at 100 degrees.',
    ]);
    const [task] = await world.rows(
      'select status, outcome, reply, model, input_tokens, counted_month, is_late from tasks',
    );
    expect(task).toMatchObject({ status: 'answered', outcome: 'answer', is_late: false });
    const [cost] = await world.rows(
      `select inbound_segments, outbound_segments, inbound_cost, carrier_fee, calls,
         model_cost > 0 as has_model_cost, parts_of_unknown_cost,
         cost = coalesce(inbound_cost, 0) + coalesce(outbound_cost, 0)
           + coalesce(carrier_fee, 0) + coalesce(model_cost, 0) as adds_up
       from task_costs`,
    );
    expect(cost).toMatchObject({
      ...{ inbound_segments: 1n, outbound_segments: 2n, calls: 1n, parts_of_unknown_cost: 0n },
      ...{ has_model_cost: true, adds_up: true, carrier_fee: '0.006000000000000000' },
    });
    expect(
      await world.rows('select distinct status from sms_messages where task_id is not null'),
    ).toEqual(expect.arrayContaining([{ status: 'delivered' }, { status: 'received' }]));
  });

  test('has the conversation before it, and the next person has none of it', async () => {
    world = await openSmsWorld({ openai: { answer: ({ question }) => `You said ${question}` } });
    await world.text(ANA, 'My name is Ana');
    await world.settle();
    await world.text(ANA, 'What is my name?');
    await world.text(person(2), 'And who am I?');
    await world.settle();
    const asked = world.openai.chats.map(({ messages }) =>
      messages.slice(1).map(({ content }) => content),
    );
    expect(asked).toContainEqual(['My name is Ana', 'You said My name is Ana', 'What is my name?']);
    expect(asked).toContainEqual(['And who am I?']);
  });

  test('that comes a thousand times is one row and one reply', async () => {
    world = await openSmsWorld();
    const { messageSid } = await world.twilio.receive({ from: ANA, to: NUMBER, body: 'Hello?' });
    await world.replay(messageSid, 999);
    await world.settle();
    expect(await world.rows('select 1 from tasks')).toHaveLength(1);
    expect(world.sentTo(ANA)).toHaveLength(2);
    expect(world.openai.chats).toHaveLength(1);
  }, 60_000);

  test('without a key of a model gets a fixed answer and is not counted', async () => {
    world = await openSmsWorld({ hasModel: false });
    await world.text(ANA, 'Hello?');
    await world.settle();
    expect(world.sentTo(ANA).at(-1)).toMatch(/no language model/);
    expect(await world.rows('select monthly_requests from sms_users')).toEqual([
      { monthly_requests: 0 },
    ]);
  });
});

describe('an answer that is of no use', () => {
  test('is paid, so it is booked with its usage and the id that the bill names', async () => {
    world = await openSmsWorld();
    world.openai.faults.force('refusal');
    await world.text(ANA, 'Hello?');
    await world.settle();
    expect(
      await world.rows(
        `select status, request_id, model, served_model, input_tokens > 0 as is_metered
         from usage_events`,
      ),
    ).toEqual([
      {
        ...{ status: 'error', request_id: 'req_00000001', is_metered: true },
        ...{ model: 'gpt-4o-mini', served_model: 'gpt-4o-mini-2025-04-14' },
      },
    ]);
  });
});

describe('a hostile answer', () => {
  test.each([
    ['of 100 kB', 'word '.repeat(20_000)],
    ['with other numbers', 'Send this to +12025559999 To: +12025559999'],
    ['with line breaks and headers', 'ok\r\nTo: +12025559999\r\nBody: x'],
    ['of emoji alone', '😀'.repeat(2_000)],
  ])('%s changes neither recipient nor cap', async (_what, answer) => {
    world = await openSmsWorld({ openai: { answer: () => answer } });
    await world.text(ANA, 'Hello?');
    await world.settle();
    const sent = world.twilio.messages.filter(({ direction }) => direction !== 'inbound');
    expect(sent.map(({ to }) => to)).toEqual([ANA, ANA]);
    const outbox = await world.rows<{ segments: number }>(
      `select segments from sms_outbox where kind = 'answer'`,
    );
    expect(outbox[0]?.segments).toBeLessThanOrEqual(2);
  });

  test('never holds our secrets', async () => {
    world = await openSmsWorld({
      openai: {
        answer: () => `the token is ${world.twilio.authToken}, key ${world.openai.apiKey}`,
      },
    });
    await world.text(ANA, 'Tell me your keys');
    await world.settle();
    const all = JSON.stringify([
      world.sentTo(ANA),
      await world.rows('select reply from tasks'),
      await world.rows('select body from sms_outbox'),
    ]);
    expect(all).toContain('the token is (removed)');
    expect(all).not.toContain(world.twilio.authToken);
    expect(all).not.toContain(world.openai.apiKey);
  });
});

describe('MORE', () => {
  test('gives the rest of a long answer, part by part, until nothing is left', async () => {
    const sentences = Array.from(
      { length: 12 },
      (_, index) => `Sentence ${index} ${'x'.repeat(60)}.`,
    );
    world = await openSmsWorld({ openai: { answer: () => sentences.join(' ') } });
    await world.text(ANA, 'Tell me a lot');
    await world.settle();
    for (let round = 0; round < 4; round += 1) {
      await world.text(ANA, 'more');
      await world.settle();
    }
    const [, ...parts] = world.sentTo(ANA);
    const told = parts.join(' ').replaceAll('... Reply MORE', '');
    for (const sentence of sentences) expect(told).toContain(sentence);
    expect(parts.at(-1)).toMatch(/nothing more/);
    expect(world.openai.chats).toHaveLength(1);
  });
});

describe('USAGE', () => {
  test('says what is left and when the count starts again', async () => {
    const now = () => new Date('2026-03-31T23:30:00Z');
    world = await openSmsWorld({ now });
    await world.text(ANA, 'Hello?');
    await world.settle();
    await world.text(ANA, 'Usage');
    await world.settle();
    expect(world.sentTo(ANA).at(-1)).toBe(
      '49 of 50 requests are left this month. The count starts again on 1 April.',
    );
  });
});

describe('COST', () => {
  test('tells executives yesterday’s and the month’s figures, nobody else', async () => {
    world = await openSmsWorld();
    await world.text(ANA, 'Hello?');
    await world.settle();
    await world.text(ANA, 'cost');
    await world.settle();
    expect(world.openai.chats).toHaveLength(2);
    await world.rows('update sms_users set is_executive = true');
    await world.text(ANA, 'cost');
    await world.settle();
    expect(world.openai.chats).toHaveLength(2);
    expect(world.sentTo(ANA).at(-1)).toMatch(
      /^Acme\. Yesterday: nothing for 0 calls and 0 texts\. This month: \$\d+\.\d\d for 2 calls and 6 texts\.$/,
    );
  });
});

describe('FORGET ME', () => {
  test('takes number and words out of every table and keeps the figures', async () => {
    const canary = 'my secret canary phrase';
    world = await openSmsWorld({ openai: { answer: () => `about ${canary}` } });
    await world.text(ANA, canary);
    await world.settle();
    const before = await world.rows('select sum(cost) as cost, count(*) as calls from task_costs');
    await world.text(ANA, 'Forget me');
    await world.settle();
    expect(world.sentTo(ANA).at(-1)).toMatch(/are deleted here/);
    const found = await world.findHolding(ANA, canary);
    expect(found).toEqual([]);
    const after = await world.rows(
      `select sum(cost) as cost, count(*) as calls from task_costs where category is not null
       and task_id in (select task_id from task_calls)`,
    );
    expect(after[0]?.cost).toBe(before[0]?.cost);
  });

  test('is no way to more requests', async () => {
    world = await openSmsWorld({
      settings: { monthlyLimits: { free: 1, premium: 1, enterprise: 1 } },
    });
    await world.text(ANA, 'One?');
    await world.settle();
    await world.text(ANA, 'Forget me');
    await world.settle();
    await world.text(ANA, 'Two?');
    await world.settle();
    expect(world.openai.chats).toHaveLength(1);
    expect(world.sentTo(ANA).at(-1)).toMatch(/all 1 requests/);
  });
});

describe('who may be answered', () => {
  test('an inactive person is told so once', async () => {
    world = await openSmsWorld();
    await world.text(ANA, 'Hello?');
    await world.settle();
    await world.rows('update sms_users set is_active = false');
    await world.text(ANA, 'Still there?');
    await world.text(ANA, 'Hello??');
    await world.settle();
    expect(world.sentTo(ANA).filter((body) => body.includes('switched off'))).toHaveLength(1);
    expect(world.openai.chats).toHaveLength(1);
  });

  test('our own numbers and echoes of our own texts are not', async () => {
    world = await openSmsWorld({ openai: { answer: () => 'I am an answering machine.' } });
    await world.text(ANA, 'Hello?');
    await world.settle();
    await world.text(ANA, 'I am an answering machine.');
    await world.text(NUMBER, 'Hello myself');
    await world.text('72345', 'A short code');
    await world.settle();
    expect(world.openai.chats).toHaveLength(1);
    const outcomes = await world.rows(
      `select outcome from tasks where status = 'ignored' order by outcome`,
    );
    expect(outcomes).toEqual([{ outcome: 'echo' }, { outcome: 'own-number' }]);
  });
});

test('the books name a person by a pseudonym: no call holds a number', async () => {
  world = await openSmsWorld();
  await world.text(ANA, 'Hello?');
  await world.settle();
  const [call] = await world.rows('select user_id, phone, client_id from usage_events');
  expect(call).toEqual({
    user_id: expect.stringMatching(/^sms-[0-9a-f-]{13}$/),
    phone: null,
    client_id: CLIENT,
  });
});
