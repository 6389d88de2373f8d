// What the model may cost in a day is kept exactly, for a number and for a client, however many ask at
// once: held before a call at its most, counted after it as what it cost.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Decimal } from '../core/money.ts';
import { fixedClock } from '../core/test-support.ts';
import { type TakeDeps, takeTask } from '../ingest/agent/take-task.ts';
import {
  CLIENT,
  NUMBER,
  openSmsWorld,
  person,
  type SmsWorld,
  type WorldOptions,
} from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const ANA = person(1);
const AT_ONCE = 120;
const ANSWERED = 40;

/** Each call holds 0.0102085 and costs 0.0001225; see `measure`. */
let most = new Decimal(0);
let cost = new Decimal(0);

const openai = { answer: () => 'Yes.' };
const spent = (scope: string) =>
  world.rows<{ cost: string }>('select trim_scale(cost) as cost from sms_spend where scope = $1', [
    scope,
  ]);
const outcomes = () =>
  world.rows(
    'select outcome, status, count(*)::int as tasks from tasks group by 1, 2 order by 1, 2',
  );

/** What one text holds while it is asked, and what it costs. */
beforeEach(async () => {
  world = await openSmsWorld({ openai });
  await world.rows('create table held as select reserved_cost as cost from tasks limit 0');
  await world.rows(
    `create function note_held() returns trigger language plpgsql security definer as
     $$ begin insert into held values (new.reserved_cost); return new; end $$`,
  );
  await world.rows(
    `create trigger note_held before update on tasks for each row
     when (new.reserved_cost is not null) execute function note_held()`,
  );
  await world.text(ANA, 'Well?');
  await world.settle();
  const [held] = await world.rows<{ cost: string }>('select max(cost) as cost from held');
  const [called] = await world.rows<{ cost: string }>('select cost from usage_events');
  most = new Decimal(held?.cost ?? 0);
  cost = new Decimal(called?.cost ?? 0);
  expect(most.greaterThan(cost) && cost.greaterThan(0)).toBe(true);
  expect(await world.rows('select 1 from tasks where reserved_cost is not null')).toEqual([]);
  await world.close();
});

async function askAtOnce(options: WorldOptions, count: number): Promise<void> {
  world = await openSmsWorld({ openai, isStarted: false, ...options });
  for (let from = 0; from < count; from += 50) {
    const length = Math.min(50, count - from);
    const round = Array.from({ length }, (_, at) => world.text(person(from + at), 'Well?'));
    await Promise.all(round);
  }
}

/** The cap at which the last of so many calls may just be made. */
const capFor = (calls: number) =>
  cost
    .times(calls - 1)
    .plus(most)
    .toString();

describe('a cap of what the model may cost', () => {
  test(`that allows exactly ${ANSWERED} of ${AT_ONCE} at once is never passed`, async () => {
    const modelClientCap = capFor(ANSWERED);
    await askAtOnce({ settings: { modelClientCap } }, AT_ONCE);
    world.startAgent();
    await world.settle(60_000);
    expect(await outcomes()).toEqual([
      { outcome: 'answer', status: 'answered', tasks: ANSWERED },
      { outcome: 'capped', status: 'answered', tasks: AT_ONCE - ANSWERED },
    ]);
    expect(world.openai.chats).toHaveLength(ANSWERED);
    expect(await spent('model-client')).toEqual([{ cost: cost.times(ANSWERED).toString() }]);
    expect(await world.rows(`select sum(monthly_requests)::int as counted from sms_users`)).toEqual(
      [{ counted: ANSWERED }],
    );
    expect(await world.rows('select code, is_critical from error_logs')).toEqual([
      { code: 'model_cap', is_critical: true },
    ]);
  }, 90_000);

  test('is passed where nothing is held before a call (control)', async () => {
    await askAtOnce({ settings: { modelClientCap: most.toString() } }, 50);
    await world.rows(
      `create function hold_nothing() returns trigger language plpgsql as
       $$ begin new.reserved_cost := 0; return new; end $$`,
    );
    await world.rows(
      `create trigger hold_nothing before update on tasks for each row
       when (new.reserved_cost is not null) execute function hold_nothing()`,
    );
    world.openai.faults.force(...Array.from({ length: 50 }, () => 'slow' as const));
    world.startAgent();
    await world.settle(60_000);
    // The first answer leaves nothing for a second one.
    expect(world.openai.chats.length).toBeGreaterThan(1);
  }, 60_000);

  test('of a number counts nobody else, is told once a day, gives requests back', async () => {
    const clock = fixedClock('2026-03-02T12:00:00Z');
    const settings = { modelNumberCap: capFor(1), memory: { turns: 0, tokens: 0 } };
    world = await openSmsWorld({ openai, now: clock.now, settings });
    for (const body of ['One?', 'Two?', 'Three?']) {
      await world.text(ANA, body);
      await world.settle();
    }
    await world.text(person(2), 'Me?');
    await world.settle();
    expect(world.sentTo(ANA).slice(1)).toEqual([
      'Yes.',
      expect.stringMatching(/no more questions.*today.*tomorrow/),
    ]);
    expect(world.sentTo(person(2)).at(-1)).toBe('Yes.');
    expect(await world.rows('select monthly_requests from sms_users order by phone')).toEqual([
      { monthly_requests: 1 },
      { monthly_requests: 1 },
    ]);
    expect(await world.rows('select 1 from error_logs')).toEqual([]);
    clock.set('2026-03-03T12:00:00Z');
    await world.text(ANA, 'Four?');
    await world.settle();
    expect(world.sentTo(ANA).at(-1)).toBe('Yes.');
  });

  test('is lifted by no FORGET ME', async () => {
    world = await openSmsWorld({ openai, settings: { modelNumberCap: capFor(1) } });
    for (const body of ['One?', 'Forget me', 'Two?']) {
      await world.text(ANA, body);
      await world.settle();
    }
    expect(world.openai.chats).toHaveLength(1);
    expect(world.sentTo(ANA).at(-1)).toMatch(/no more questions/);
  });

  test('waits for what others hold, and takes no attempt for that', async () => {
    await askAtOnce({ settings: { modelClientCap: capFor(10) } }, 10);
    world.openai.faults.force(...Array.from({ length: 10 }, () => 'slow' as const));
    world.startAgent();
    await world.settle(60_000);
    expect(await outcomes()).toEqual([{ outcome: 'answer', status: 'answered', tasks: 10 }]);
    expect(await world.rows('select distinct attempts from tasks')).toEqual([{ attempts: 1 }]);
  }, 60_000);
});

describe('what a try holds', () => {
  test('is neither lost nor held twice when its worker dies', async () => {
    const clock = fixedClock(new Date().toISOString());
    const settings = { modelClientCap: most.times(1.5).toString() };
    const now = clock.now;
    world = await openSmsWorld({ openai, settings, now, isStarted: false });
    await world.text(ANA, 'Well?');
    const deps = { pool: world.books.app, now, settings: { monthlyLimits: { free: 50 } } };
    await takeTask(deps as unknown as TakeDeps, CLIENT);
    const today = now().toISOString().slice(0, 10);
    const hold = 'update tasks set reserved_cost = $1, reserved_on = $2';
    await world.rows(hold, [most.toString(), today]);
    await world.text(person(2), 'Well?');
    world.startAgent();
    // The other one waits: as long as nobody knows what became of the first call, it counts.
    const end = performance.now() + 5_000;
    const isWaiting = `select 1 from tasks where fence > 0 and attempts = 0`;
    while ((await world.rows(isWaiting)).length === 0 && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(world.openai.chats).toEqual([]);
    const later = (ms: number) => clock.set(new Date(now().getTime() + ms).toISOString());
    later(50_000);
    const going = setInterval(() => later(1_000), 50);
    await world.settle().finally(() => clearInterval(going));
    expect(world.openai.chats).toHaveLength(2);
    expect(await spent('model-client')).toEqual([{ cost: cost.times(2).toString() }]);
    expect(await world.rows('select 1 from tasks where reserved_cost is not null')).toEqual([]);
  });

  test.each([
    ['503', '0'],
    ['hang', 'all'],
  ] as const)('counts after %s: %s of it', async (fault, counts) => {
    world = await openSmsWorld({ openai, modelTimeoutMs: 300, agent: { pollMs: 20 } });
    world.openai.faults.force(fault);
    await world.text(ANA, 'Well?');
    const end = performance.now() + 5_000;
    while ((await world.rows('select 1 from task_calls')).length === 0 && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await world.stopAgent();
    const expected = counts === 'all' ? most.toString() : '0';
    expect(await spent('model-client')).toEqual([{ cost: expected }]);
    expect(await spent('model-number')).toEqual([{ cost: expected }]);
  });

  test('is a fixed amount where the model has no known price', async () => {
    const settings = { modelNumberCap: '0.05', modelCallCost: '0.02' };
    world = await openSmsWorld({ openai, settings, isStarted: false });
    await world.rows('delete from price_rates');
    await world.rows('delete from price_cards');
    for (const body of ['One?', 'Two?', 'Three?']) await world.text(ANA, body);
    world.startAgent();
    await world.settle();
    expect(world.openai.chats).toHaveLength(2);
    expect(await spent('model-number')).toEqual([{ cost: '0.04' }]);
  });

  test('is more for a picture and for a recording, which count as what they cost', async () => {
    world = await openSmsWorld({ openai });
    const png = { contentType: 'image/png', bytes: Buffer.from('iVBORw0KGgo=', 'base64') };
    const voice = { contentType: 'audio/mpeg', bytes: Buffer.from('ID3') };
    await world.twilio.receive({ from: ANA, to: NUMBER, body: 'What?', media: [png, voice] });
    await world.settle();
    const [called] = await world.rows<{ cost: string; calls: number }>(
      'select trim_scale(sum(cost)) as cost, count(*)::int as calls from usage_events',
    );
    expect(called?.calls).toBe(2);
    expect(await spent('model-client')).toEqual([{ cost: called?.cost }]);
  });
});
