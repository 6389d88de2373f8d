// A text that cannot be answered for a reason that nobody thought of ends by itself: it stops no other
// text, is not asked of the model for ever, and is written down.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createModel } from '../ingest/agent/model.ts';
import { fastClock } from './fast-clock.ts';
import { CLIENT, NUMBER, openSmsWorld, person, type SmsWorld } from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const [ANA, BEN] = [person(1), person(2)];

test('an answer that the books refuse fails after some tries and is not counted', async () => {
  const answer = ({ question }: { question: string }) =>
    question === 'Hard?' ? 'Unbookable.' : 'Yes.';
  world = await openSmsWorld({ openai: { answer }, now: fastClock(60) });
  await world.rows(`alter table tasks add check (reply not like '%Unbookable.')`);
  await world.text(ANA, 'Hard?');
  await world.text(BEN, 'Easy?');
  await world.settle(20_000);
  expect(world.sentTo(BEN).at(-1)).toBe('Yes.');
  expect(world.sentTo(ANA).at(-1)).toMatch(/could not be answered/);
  expect(world.openai.chats.length).toBeLessThanOrEqual(6);
  expect(
    await world.rows(`select monthly_requests as used from sms_users where phone = $1`, [ANA]),
  ).toEqual([{ used: 0 }]);
  const errors = await world.rows(
    `select distinct error_type, is_critical, task_id is null as is_of_no_task from error_logs`,
  );
  expect(errors).toEqual([{ error_type: 'system_error', is_critical: true, is_of_no_task: false }]);
});

test('a text that cannot even be decided stops nobody else’s', async () => {
  world = await openSmsWorld({ openai: { answer: () => 'Yes.' }, now: fastClock(60) });
  await world.rows(`alter table sms_outbox add check (to_number <> '${ANA}')`);
  await world.text(ANA, 'USAGE');
  await world.text(BEN, 'Easy?');
  await world.settle(20_000);
  expect(world.sentTo(BEN).at(-1)).toBe('Yes.');
  expect(await world.rows(`select status from tasks where keyword = 'usage'`)).toEqual([
    { status: 'failed' },
  ]);
  const [errors] = await world.rows<{ count: number }>(
    `select count(*)::int as count from error_logs where error_type = 'system_error'`,
  );
  expect(errors?.count).toBeGreaterThan(0);
  expect(errors?.count).toBeLessThanOrEqual(5);
});

test('a call of which the server tells what no books hold is counted and answered', async () => {
  const usage = { prompt_tokens: 3, completion_tokens: 1, note: 'x\0'.repeat(9) };
  const message = { role: 'assistant', content: 'Yes.' };
  const body = { model: 'odd', choices: [{ index: 0, finish_reason: 'stop', message }], usage };
  const server = createServer((_request, response) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'x-request-id': 'r'.repeat(300),
    });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const model = createModel({
    ...{ apiKey: 'sk-odd-server', baseUrl: `http://127.0.0.1:${port}/v1`, model: 'odd' },
    ...{ transcriptionModel: 'whisper-1', timeoutMs: 5_000, retries: 0 },
  });
  const names = { provider: 'openai', name: 'odd', transcriptionName: 'whisper-1' };
  world = await openSmsWorld({ agent: { setup: { model, ...names } } });
  await world.text(ANA, 'Hello?');
  await world.settle(20_000);
  server.close();
  expect(world.sentTo(ANA).at(-1)).toBe('Yes.');
  const calls = await world.rows('select status, cost_status, request_id from usage_events');
  expect(calls).toEqual([{ status: 'success', cost_status: 'unpriced', request_id: null }]);
});

test('what is said in a recording may hold signs that no text holds', async () => {
  world = await openSmsWorld({
    openai: {
      transcribe: () => ({ text: 'Hello\0 there\ud800?', seconds: 1 }),
      answer: () => 'Yes.',
    },
  });
  const media = [{ contentType: 'audio/mpeg', bytes: Buffer.from('ID3 sound') }];
  await world.twilio.receive({ from: ANA, to: NUMBER, body: '', media });
  await world.settle(20_000);
  expect(world.sentTo(ANA).at(-1)).toBe('Yes.');
});

test('a model that never ends is asked again before somebody else takes its task', async () => {
  world = await openSmsWorld({
    ...{ openai: { answer: () => 'Yes.' }, modelTimeoutMs: 60_000, now: fastClock(60) },
    agent: { tryMs: 200 },
  });
  world.openai.faults.force('hang');
  await world.text(ANA, 'Hello?');
  await world.settle(20_000);
  expect(world.sentTo(ANA).at(-1)).toBe('Yes.');
  expect(await world.rows(`select error_type, client_id from error_logs`)).toEqual([
    { error_type: 'openai_timeout', client_id: CLIENT },
  ]);
});
