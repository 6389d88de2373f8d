// Real servers, really scraped: what an ingest server and a worker tell goes up by exactly what was sent
// to them, and names nobody.
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { APP_ROLE, deriveRoleUrl, PIPELINE_ROLE } from '../core/roles.ts';
import { readSamples } from '../core/test-metrics.ts';
import {
  addTestClient,
  createTestBooks,
  makeTestFolder,
  type TestBooks,
} from '../core/test-support.ts';
import { createToken } from '../ingest/api/tokens.ts';
import { addNumber } from '../ingest/store/numbers.ts';
import { type OpenAiStandIn, startOpenAiStandIn } from './stand-ins/openai.ts';
import { startTwilioStandIn, type TwilioStandIn } from './stand-ins/twilio.ts';
import { startDaybook, waitForLog } from './support.ts';

const PUBLIC_URL = 'https://sms.acme.example';
const NUMBER = '+12025550123';
const PERSON = '+13035550199';
const folder = makeTestFolder();
let books: TestBooks;
let twilio: TwilioStandIn;
let openai: OpenAiStandIn;
let token: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
  await addNumber(books.app, 'acme', NUMBER, new Date());
  token = await createToken(books.app, { clientId: 'acme', name: 't', scopes: ['usage:write'] });
  twilio = await startTwilioStandIn({});
  openai = await startOpenAiStandIn({ answer: () => 'Blue.' });
});

afterAll(async () => {
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(children.map((child) => ended(child)));
  await twilio.close();
  await openai.close();
  await books.close();
  folder.remove();
});

test('an ingest server counts exactly what came, and names nobody', async () => {
  const { url, scrape } = await start('ingest', {
    DATABASE_APP_URL: deriveRoleUrl(books.ownerUrl, APP_ROLE),
    ...{ PORT: '0', METRICS_PORT: '0', PUBLIC_URL },
    ...{ TWILIO_ACCOUNT_SID: twilio.accountSid, TWILIO_AUTH_TOKEN: twilio.authToken },
    ...{ TWILIO_BASE_URL: twilio.url, OPENAI_BASE_URL: openai.url, OPENAI_API_KEY: openai.apiKey },
  });
  twilio.reach = { publicUrl: PUBLIC_URL, actualUrl: url };
  const before = await scrape();
  const events = [event('a'), event('b'), event('c'), event('a'), { ...event('b'), cost: '9' }, {}];
  const usage = (body: unknown, bearer = token) =>
    fetch(`${url}/v1/usage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  expect((await usage(events)).status).toBe(200);
  expect((await usage(event('d'))).status).toBe(201);
  expect((await usage(event('e'), `dbk_${randomBytes(16).toString('hex')}`)).status).toBe(401);
  for (let index = 0; index < 5; index += 1) await fetch(`${url}/nowhere/${index}`);
  expect(
    (await twilio.receive({ from: PERSON, to: NUMBER, body: 'What colour is the sky?' })).status,
  ).toBe(200);
  await settle(scrape);
  const after = await scrape();
  const rise = (series: string) => (after.get(series) ?? 0) - (before.get(series) ?? 0);
  expect({
    accepted: rise('daybook_events_total{result="accepted"}'),
    duplicate: rise('daybook_events_total{result="duplicate"}'),
    conflict: rise('daybook_events_total{result="conflict"}'),
    rejected: rise('daybook_events_total{result="rejected"}'),
    usage2xx: rise('daybook_http_requests_total{path="/v1/usage",status="2xx"}'),
    usage4xx: rise('daybook_http_requests_total{path="/v1/usage",status="4xx"}'),
    elsewhere: rise('daybook_http_requests_total{path="other",status="4xx"}'),
    timed: rise('daybook_http_request_seconds_count{path="/v1/usage"}'),
    groups: rise('daybook_commit_requests_sum'),
    received: rise('daybook_texts_received_total{result="stored"}'),
    calls: rise('daybook_model_calls_total{purpose="answer",outcome="success"}'),
  }).toEqual({
    // The first of two with one id in a batch wins; the other differs, and one is empty.
    ...{ accepted: 4, duplicate: 1, conflict: 1, rejected: 1 },
    ...{ usage2xx: 2, usage4xx: 1, elsewhere: 5, timed: 3, groups: 2 },
    ...{ received: 1, calls: 1 },
  });
  const text = [...after.keys()].join('\n');
  for (const secret of ['acme', token, PERSON, NUMBER, twilio.authToken, 'sky'])
    expect(text).not.toContain(secret);
  expect([...after.keys()]).toEqual([...before.keys()]);
}, 60_000);

test('a worker tells how old the figures are, what it copied and how its runs stand', async () => {
  const { scrape, metricsUrl } = await start('worker', {
    DATABASE_PIPELINE_URL: deriveRoleUrl(books.ownerUrl, PIPELINE_ROLE),
    WORKER_METRICS_PORT: '0',
  });
  await query(books.owner, `insert into check_failures values ('c', now(), now(), 1, '[]')`);
  // Refreshes come on the clock; one by hand comes now.
  await query(
    books.owner,
    `insert into runs (run_id, job, slot_at, kind, state, triggered_by, attempts)
     values (gen_random_uuid(), 'refresh', now(), 'refresh', 'due', 'hand', 0)`,
  );
  await expect
    .poll(async () => (await scrape()).get('daybook_refreshes_total'), {
      timeout: 45_000,
      interval: 500,
    })
    .toBeGreaterThan(0);
  const samples = await scrape();
  const [events] = await query<{ count: bigint }>(books.owner, 'select count(*) from usage_events');
  expect(samples.get('daybook_refresh_rows_total')).toBeGreaterThanOrEqual(Number(events?.count));
  expect(samples.get('daybook_data_age_seconds')).toBeLessThan(60);
  expect(samples.get('daybook_refresh_seconds{step="all"}')).toBeGreaterThan(0);
  expect(samples.get('daybook_disk_free_bytes')).toBeGreaterThan(0);
  expect(samples.get('daybook_books_up')).toBe(1);
  expect(samples.get('daybook_runs{kind="report",state="failed"}')).toBe(0);
  expect(samples.get('daybook_mails{state="uncertain"}')).toBe(0);
  expect((await fetch(`${metricsUrl}/healthz`)).status).toBe(200);
}, 90_000);

/** Waits until the text is answered and Twilio has told what became of the answer. */
async function settle(scrape: () => Promise<Map<string, number>>): Promise<void> {
  const counts = async () => {
    const samples = await scrape();
    return {
      sent: (samples.get('daybook_texts_sent_total{outcome="sent"}') ?? 0) > 0,
      calls: samples.get('daybook_model_calls_total{purpose="answer",outcome="success"}'),
      inFlight: samples.get('daybook_http_requests_in_flight'),
    };
  };
  await expect.poll(counts, { timeout: 15_000 }).toEqual({ sent: true, calls: 1, inFlight: 0 });
}

/** One instant for all: the same call at another time is a conflict. */
const at = new Date(Date.now() - 60_000).toISOString();

function event(id: string) {
  return { id, occurred_at: at, provider: 'openai', model: 'gpt-4o', cost: '0.01' };
}

async function start(role: 'ingest' | 'worker', env: Record<string, string>) {
  const child = startDaybook([role], { DAYBOOK_HOME: `${folder.path}/${role}`, ...env });
  children.push(child);
  const [metrics, listening] = await Promise.all([
    waitForLog(child, 'metrics.listening'),
    role === 'ingest' ? waitForLog(child, 'ingest.listening') : { url: '' },
  ]);
  const metricsUrl = String(metrics.url);
  const scrape = async () => readSamples(await (await fetch(`${metricsUrl}/metrics`)).text());
  return { url: String(listening.url), metricsUrl, scrape };
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}
