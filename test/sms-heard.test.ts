// What a try leaves for the next one, and how much of the memory all tries take: a recording is written
// down once, forgotten with its speaker, and files wait until there is room for them.
import { afterEach, expect, test } from 'vitest';
import { fixedClock } from '../core/test-support.ts';
import { forgetSmsUser } from '../ingest/store/sms-users.ts';
import { createTwilioApi, type TwilioApi } from '../ingest/twilio/api.ts';
import { CLIENT, NUMBER, openSmsWorld, person, type SmsWorld } from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const ANA = person(1);
const VOICE = { contentType: 'audio/mpeg', bytes: Buffer.from('ID3') };
const CANARY = 'my secret canary phrase';

/** A voice message was written down, and the chat after it is away. */
async function openHeard() {
  const clock = fixedClock('2026-03-02T12:00:00Z');
  world = await openSmsWorld({
    ...{ now: clock.now, agent: { pollMs: 10 } },
    openai: { transcribe: () => ({ text: `${CANARY}\0`, seconds: 3 }), answer: () => 'Yes.' },
    isStarted: false,
  });
  await world.twilio.receive({ from: ANA, to: NUMBER, body: '', media: [VOICE, VOICE] });
  // The two recordings, then the chat.
  world.openai.faults.force('slow', 'slow', '503');
  world.startAgent();
  await triesEnd(1);
  const later = () => clock.set(new Date(clock.now().getTime() + 60_000).toISOString());
  return { now: clock.now, later };
}

/** So many tries have ended, and nothing is being sent, which a leap of the clock would interrupt. */
async function triesEnd(tries: number): Promise<void> {
  const end = performance.now() + 10_000;
  const hasEnded = `select 1 from tasks where status = 'received' and attempts = $1
    and not exists (select 1 from sms_outbox where state <> 'sent')`;
  while ((await world.rows(hasEnded, [tries])).length === 0 && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

test('a recording is written down once, however often the answer is tried', async () => {
  const { later } = await openHeard();
  world.openai.faults.force('503');
  later();
  await triesEnd(2);
  later();
  await world.settle();
  expect(world.openai.transcriptions).toHaveLength(2);
  expect(world.sentTo(ANA).at(-1)).toBe('Yes.');
  const request = `${CANARY}\ufffd`;
  expect(await world.rows('select request, transcripts from tasks')).toEqual([
    { request: `${request}\n${request}`, transcripts: null },
  ]);
  const calls = await world.rows(
    `select purpose, count(*)::int as calls from task_calls group by 1 order by 1`,
  );
  expect(calls).toEqual([
    { purpose: 'answer', calls: 3 },
    { purpose: 'transcription', calls: 2 },
  ]);
});

test('what was written down goes with whoever is forgotten', async () => {
  const { now } = await openHeard();
  expect(await world.findHolding(CANARY)).toEqual(['tasks']);
  await forgetSmsUser(world.books.app, { clientId: CLIENT, who: ANA, now: now() });
  expect(await world.findHolding(CANARY)).toEqual([]);
});

test('files of many texts are fetched only as long as there is room for them', async () => {
  let underWay = 0;
  let most = 0;
  const api = () => {
    const { accountSid, authToken, url: baseUrl } = world.twilio;
    return createTwilioApi({ accountSid, authToken, baseUrl });
  };
  const twilio: TwilioApi = {
    send: (text) => api().send(text),
    listMessages: (filter) => api().listMessages(filter),
    listMedia: (messageSid) => api().listMedia(messageSid),
    fetchMedia: async (url, bytesMax) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setTimeout(resolve, 30));
      return api()
        .fetchMedia(url, bytesMax)
        .finally(() => {
          underWay -= 1;
        });
    },
  };
  world = await openSmsWorld({
    ...{ openai: { answer: () => 'Yes.' }, isStarted: false, agent: { twilio } },
  });
  const picture = { contentType: 'image/png', bytes: Buffer.alloc(1024) };
  const media = Array.from({ length: 10 }, () => picture);
  for (let index = 0; index < 8; index += 1)
    await world.twilio.receive({ from: person(index), to: NUMBER, body: 'And?', media });
  world.startAgent();
  await world.settle();
  // Ten files of five megabytes each may come: only two such texts fit into a hundred.
  expect(most).toBe(2);
  expect(world.openai.chats).toHaveLength(8);
});
