// What the SMS agent promises when many things happen at once or go wrong: limits and caps are exact,
// STOP is final, nothing is lost while we or others are away.
import { afterEach, describe, expect, test } from 'vitest';
import { fixedClock } from '../core/test-support.ts';
import { fastClock } from './fast-clock.ts';
import { openSmsWorld, person, type SmsWorld } from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const ANA = person(1);
const MINUTE_MS = 60_000;

/** So many at a time, as a busy number gets them. */
async function inRounds(count: number, size: number, send: (index: number) => Promise<unknown>) {
  for (let from = 0; from < count; from += size) {
    const round = Array.from({ length: Math.min(size, count - from) }, (_, at) => send(from + at));
    await Promise.all(round);
  }
}

const answersTo = (number: string) =>
  world.sentTo(number).filter((body) => !/^Welcome|^Still working|used all/.test(body));

describe('limits', () => {
  test('300 texts at once with a limit of 100: exactly 100 are answered, one is told', async () => {
    world = await openSmsWorld({
      settings: { monthlyLimits: { free: 100, premium: 100, enterprise: 100 } },
      openai: { answer: () => 'Yes.' },
      isStarted: false,
      // A pair gets thirty texts in half a minute, not more.
      now: fastClock(60),
    });
    await inRounds(300, 50, (index) => world.text(ANA, `Question ${index}?`));
    world.startAgent();
    await world.settle(60_000);
    expect(world.openai.chats).toHaveLength(100);
    expect(await world.rows('select monthly_requests from sms_users')).toEqual([
      { monthly_requests: 100 },
    ]);
    expect(world.sentTo(ANA).filter((body) => body.includes('used all 100'))).toHaveLength(1);
    const outcomes = await world.rows(
      'select outcome, count(*)::int as tasks from tasks group by 1 order by 1',
    );
    expect(outcomes).toEqual([
      { outcome: 'answer', tasks: 100 },
      { outcome: 'limit', tasks: 200 },
    ]);
  }, 120_000);

  test('a day’s cap of segments is exact over numbers sent at once', async () => {
    world = await openSmsWorld({
      settings: { clientCap: { segments: 25, cost: '1000' } },
      openai: { answer: () => 'Yes.' },
    });
    await inRounds(40, 40, (index) => world.text(person(index), 'Well?'));
    await world.settle();
    const sent = world.twilio.messages.filter(({ direction }) => direction !== 'inbound');
    expect(sent).toHaveLength(25);
    expect(await world.rows(`select segments from sms_spend where scope = 'client'`)).toEqual([
      { segments: 25 },
    ]);
    expect(
      await world.rows(`select count(*)::int as texts from sms_outbox where state = 'capped'`),
    ).toEqual([{ texts: 55 }]);
  });

  test('a number’s cap of cost is kept, and counts nobody else’s texts', async () => {
    world = await openSmsWorld({
      settings: { numberCap: { segments: 1_000, cost: '0.025' } },
      openai: { answer: () => 'Yes.' },
    });
    // Welcome and answer are 0.0113 each.
    for (const body of ['One?', 'Two?', 'Three?']) {
      await world.text(ANA, body);
      await world.settle();
    }
    await world.text(person(2), 'Me too?');
    await world.settle();
    expect(world.sentTo(ANA)).toHaveLength(2);
    expect(world.sentTo(person(2))).toHaveLength(2);
  });

  test('an answer that fails gives its request back', async () => {
    world = await openSmsWorld();
    world.openai.faults.force('401');
    await world.text(ANA, 'Hello?');
    await world.settle();
    expect(world.sentTo(ANA).at(-1)).toMatch(/could not be answered/);
    expect(await world.rows('select monthly_requests, total_requests::int from sms_users')).toEqual(
      [{ monthly_requests: 0, total_requests: 0 }],
    );
    expect(await world.rows('select error_type, is_critical from error_logs')).toEqual([
      { error_type: 'openai_error', is_critical: false },
    ]);
  });
});

describe('STOP', () => {
  test('with a thousand texts queued, none is sent after it', async () => {
    world = await openSmsWorld({ isStarted: false });
    await inRounds(1_000, 50, (index) => world.text(ANA, `Question ${index}?`));
    await world.rows(`update tasks set status = 'answered', outcome = 'answer'`);
    await world.rows(
      `insert into sms_outbox (client_id, outbox_id, task_id, user_id, kind, from_number, to_number,
         body, segments, due_at, created_at)
       select client_id, gen_random_uuid(), task_id, user_id, 'answer', own_number, $1,
         'Answer to ' || message_sid, 1, now(), now()
       from tasks`,
      [ANA],
    );
    world.startAgent();
    const until = performance.now() + 20_000;
    while (world.sentTo(ANA).length < 20 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await world.text(ANA, 'STOP')).toBe(200);
    // One request of the pair may be on its way at this moment, never two.
    const sentBefore = world.sentTo(ANA).length;
    await world.settle();
    expect(sentBefore).toBeGreaterThanOrEqual(20);
    expect(world.sentTo(ANA).length).toBeLessThanOrEqual(sentBefore + 1);
    expect(world.twilio.sendRequests).toBeLessThanOrEqual(sentBefore + 1);
    const states = await world.rows<{ state: string; texts: number }>(
      'select state, count(*)::int as texts from sms_outbox group by 1 order by 1',
    );
    expect(states.map(({ state }) => state)).not.toContain('pending');
    expect(states.find(({ state }) => state === 'suppressed')?.texts).toBeGreaterThan(900);
  }, 60_000);

  test('is answered by Twilio, not by us; START opts in again; both are on record', async () => {
    world = await openSmsWorld({ openai: { answer: () => 'Yes.' } });
    await world.text(ANA, 'Hello?');
    await world.settle();
    await world.text(ANA, 'Stop!');
    await world.text(ANA, 'Are you there?');
    await world.settle();
    expect(answersTo(ANA)).toEqual(['Yes.']);
    await world.text(ANA, 'START');
    await world.text(ANA, 'And now?');
    await world.settle();
    expect(answersTo(ANA)).toEqual(['Yes.', 'Yes.']);
    expect(await world.rows('select act, quoted from sms_consents order by consent_id')).toEqual([
      { act: 'texted', quoted: 'Hello?' },
      { act: 'stop', quoted: 'Stop!' },
      { act: 'start', quoted: 'START' },
    ]);
  });

  test('is confirmed once by us where Twilio is told not to, and again after a START', async () => {
    world = await openSmsWorld({
      settings: { answersKeywords: true },
      twilio: { keepsOptOuts: false },
    });
    const say = async (...words: string[]) => {
      for (const word of words) {
        await world.text(ANA, word);
        await world.settle();
      }
      return world.sentTo(ANA).filter((body) => body.includes('have opted out')).length;
    };
    expect(await say('Hello?', 'stop', 'Stop!', 'STOPALL')).toBe(1);
    expect(await say('help')).toBe(1);
    expect(world.sentTo(ANA).at(-1)).toMatch(/have opted out/);
    expect(await say('start', 'stop', 'stop')).toBe(2);
  });

  test('that only Twilio knows of (21610) is taken over and ends what is queued', async () => {
    world = await openSmsWorld();
    world.twilio.sendFaults.force('refuse:21610');
    await world.text(ANA, 'Hello?');
    await world.settle();
    expect(await world.rows('select reason from sms_suppressions')).toEqual([
      { reason: 'refused' },
    ]);
    expect(world.sentTo(ANA)).toEqual([]);
    expect(await world.rows(`select 1 from error_logs`)).toEqual([]);
  });

  test.each(['yes', 'Yes!'])('%s is an answer unless it ends an opt-out', async (body) => {
    world = await openSmsWorld();
    await world.text(ANA, body);
    await world.settle();
    expect(world.openai.chats).toHaveLength(1);
  });
});

describe('nothing is lost', () => {
  test('200 webhooks that failed while we were down are stored and answered', async () => {
    world = await openSmsWorld({ openai: { answer: () => 'Yes.' }, isStarted: false });
    const { reach } = world.twilio;
    world.twilio.reach = { publicUrl: reach?.publicUrl ?? '', actualUrl: 'http://127.0.0.1:1' };
    await inRounds(200, 50, async (index) => {
      expect(await world.text(person(index), 'Anybody there?')).toBe(0);
    });
    for (const message of world.twilio.messages) {
      message.createdAt = new Date(Date.now() - 60 * MINUTE_MS);
      message.sentAt = message.createdAt;
    }
    world.twilio.reach = reach;
    world.startAgent();
    const until = performance.now() + 30_000;
    while (performance.now() < until) {
      const [row] = await world.rows<{ tasks: number }>('select count(*)::int as tasks from tasks');
      if (row?.tasks === 200) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await world.settle(60_000);
    const [counted] = await world.rows(
      `select count(*)::int as tasks, count(*) filter (where is_late)::int as late from tasks
       where status = 'answered'`,
    );
    expect(counted).toEqual({ tasks: 200, late: 200 });
    for (let index = 0; index < 200; index += 1) {
      expect(answersTo(person(index))).toEqual(['Sorry for the delay. Yes.']);
    }
  }, 120_000);

  test('a model that is away makes the answer late and says so', async () => {
    const clock = fixedClock(new Date().toISOString());
    world = await openSmsWorld({ now: clock.now, openai: { answer: () => 'Yes.' } });
    for (let times = 0; times < 3; times += 1) world.openai.faults.force('503');
    await world.text(ANA, 'Hello?');
    for (let minutes = 6; minutes <= 60 && answersTo(ANA).length === 0; minutes += 6) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      clock.set(new Date(clock.now().getTime() + 6 * MINUTE_MS).toISOString());
    }
    await world.settle();
    expect(answersTo(ANA)).toEqual(['Sorry for the delay. Yes.']);
    expect(await world.rows('select attempts, is_late from tasks')).toEqual([
      { attempts: 4, is_late: true },
    ]);
    const calls = await world.rows(
      `select usage_events.status, count(*)::int as calls
       from task_calls join usage_events using (client_id, event_id) group by 1 order by 1`,
    );
    expect(calls).toEqual([
      { status: 'error', calls: 3 },
      { status: 'success', calls: 1 },
    ]);
  }, 60_000);

  test('an account that may not send stops the queue and loses nothing', async () => {
    const clock = fixedClock(new Date().toISOString());
    world = await openSmsWorld({ now: clock.now, openai: { answer: () => 'Yes.' } });
    world.twilio.sendFaults.force('refuse:20003');
    await inRounds(5, 5, (index) => world.text(person(index), 'Hello?'));
    await new Promise((resolve) => setTimeout(resolve, 800));
    const requests = world.twilio.sendRequests;
    // Those under way at that moment may still go out; then the queue stands.
    expect(requests).toBeLessThan(10);
    const [error] = await world.rows('select error_type, code, is_critical from error_logs');
    expect(error).toEqual({ error_type: 'twilio_error', code: '20003', is_critical: true });
    clock.set(new Date(clock.now().getTime() + 6 * MINUTE_MS).toISOString());
    await world.settle();
    for (let index = 0; index < 5; index += 1) expect(answersTo(person(index))).toHaveLength(1);
  });
});
