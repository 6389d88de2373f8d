// Rules for what comes with a text: pictures are shown to the model, voice is written down and its cost
// booked, other files are answered in words, and nothing is fetched from elsewhere than Twilio.
import { afterEach, expect, test } from 'vitest';
import { fixedClock } from '../core/test-support.ts';
import { fastClock } from './fast-clock.ts';
import { NUMBER, openSmsWorld, person, type SmsWorld } from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const ANA = person(1);
const PNG = Buffer.from('iVBORw0KGgo=', 'base64');

function send(body: string, ...media: { contentType: string; bytes: Buffer }[]) {
  return world.twilio.receive({ from: ANA, to: NUMBER, body, media });
}

test('a picture is shown to the model beside the words', async () => {
  world = await openSmsWorld();
  await send('What is this?', { contentType: 'image/png', bytes: PNG });
  await world.settle();
  const content = world.openai.chats[0]?.messages.at(-1)?.content;
  expect(JSON.stringify(content)).toContain(`data:image/png;base64,${PNG.toString('base64')}`);
  expect(JSON.stringify(content)).toContain('What is this?');
});

test('a voice message is written down and answered; both calls are booked', async () => {
  world = await openSmsWorld({
    openai: { transcribe: () => ({ text: 'When do you open?', seconds: 12.5 }) },
  });
  await send('', { contentType: 'audio/mpeg', bytes: Buffer.from('ID3') });
  await world.settle();
  expect(world.openai.chats[0]?.question).toBe('When do you open?');
  expect(await world.rows('select request from tasks')).toEqual([{ request: 'When do you open?' }]);
  const [cost] = await world.rows(
    `select calls, trim_scale(transcription_cost) as transcription_cost,
       model_cost > 0 as has_model_cost, parts_of_unknown_cost
     from task_costs`,
  );
  // whisper-1 costs 0.006 a minute.
  expect(cost).toEqual({
    ...{ calls: 2n, transcription_cost: '0.00125', has_model_cost: true },
    parts_of_unknown_cost: 0n,
  });
});

test('a transcription that fails is booked as one, and is asked for again', async () => {
  world = await openSmsWorld({ now: fastClock(60) });
  world.openai.faults.force('500');
  await send('', { contentType: 'audio/mpeg', bytes: Buffer.from('ID3') });
  await world.settle();
  const calls = await world.rows(
    `select purpose, operation, status from task_calls
     join usage_events using (client_id, event_id) order by occurred_at`,
  );
  expect(calls).toEqual([
    { purpose: 'transcription', operation: 'transcription', status: 'error' },
    { purpose: 'transcription', operation: 'transcription', status: 'success' },
    { purpose: 'answer', operation: 'chat', status: 'success' },
  ]);
});

test('a file of another kind is answered in words and costs no request', async () => {
  world = await openSmsWorld();
  await send('', { contentType: 'video/mp4', bytes: Buffer.from('film') });
  await world.settle();
  expect(world.sentTo(ANA).at(-1)).toMatch(/not this kind of file/);
  expect(world.openai.requests).toBe(0);
  expect(await world.rows('select monthly_requests from sms_users')).toEqual([
    { monthly_requests: 0 },
  ]);
});

test('a picture of more than five megabytes is not read, and the words are answered', async () => {
  world = await openSmsWorld();
  await send('And this?', { contentType: 'image/png', bytes: Buffer.alloc(5 * 1024 * 1024 + 1) });
  await world.settle();
  const { question } = world.openai.chats[0] ?? { question: '' };
  expect(question).toContain('And this?');
  expect(question).toContain('a file of type image/png came along that you cannot open'.slice(2));
});

test('ten files are taken, an eleventh is refused with its message', async () => {
  world = await openSmsWorld();
  const image = { contentType: 'image/png', bytes: PNG };
  expect((await send('Ten', ...Array(10).fill(image))).status).toBe(200);
  expect((await send('Eleven', ...Array(11).fill(image))).status).toBe(400);
  await world.settle();
  expect(await world.rows('select 1 from tasks')).toHaveLength(1);
});

test('a file that redirects to another host is not fetched', async () => {
  world = await openSmsWorld();
  const elsewhere = { contentType: 'image/png', bytes: PNG, redirectTo: 'http://127.0.0.1:1/x' };
  await send('Look!', elsewhere);
  await world.settle();
  expect(world.openai.chats[0]?.question).toContain('that you cannot open');
});

test('whoever waits for more than twenty seconds is told so, once', async () => {
  world = await openSmsWorld({
    openai: { slowMs: 1_500 },
    agent: { workingAfterMs: 500 },
  });
  world.openai.faults.force('slow');
  await world.text(ANA, 'A hard question?');
  await world.settle();
  const working = world.sentTo(ANA).filter((body) => body.startsWith('Still working'));
  expect(working).toHaveLength(1);
  await world.text(ANA, 'An easy one?');
  await world.settle();
  expect(world.sentTo(ANA).filter((body) => body.startsWith('Still working'))).toHaveLength(1);
});

test('a text found by listing brings its media too', async () => {
  const clock = fixedClock(new Date().toISOString());
  world = await openSmsWorld({ now: clock.now, isStarted: false });
  const { reach } = world.twilio;
  world.twilio.reach = { publicUrl: reach?.publicUrl ?? '', actualUrl: 'http://127.0.0.1:1' };
  await send('Lost picture', { contentType: 'image/png', bytes: PNG });
  world.twilio.reach = reach;
  clock.set(new Date(clock.now().getTime() + 120_000).toISOString());
  await world.startAgent().reconcileNow();
  await world.settle();
  expect(JSON.stringify(world.openai.chats[0]?.messages.at(-1)?.content)).toContain('data:image');
});
