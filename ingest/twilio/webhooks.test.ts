// Rules of Twilio's webhooks on the running server: what is not signed leaves no row, a message is one
// row and one task however often it comes, and the answer says nothing.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  fixedClock,
  silentLog,
  type TestBooks,
} from '../../core/test-support.ts';
import { createAuthenticator } from '../api/tokens.ts';
import { type RunningServer, startIngest } from '../server.ts';
import { createMessageStore } from '../store/messages.ts';
import { addNumber, listNumbers } from '../store/numbers.ts';
import { createUsageStore } from '../store/usage-events.ts';
import { joinParameters, sign } from './signature.ts';
import { createTwilioWebhooks } from './webhooks.ts';

const TOKENS = ['a'.repeat(32), 'b'.repeat(32)];
const ACCOUNT = `AC${'1'.repeat(32)}`;
const PUBLIC = 'https://sms.acme.example';
const NUMBER = '+12025550123';
const USER = '+12025550199';
const NOW = new Date('2026-03-01T12:00:00Z');

let books: TestBooks;
let server: RunningServer;
let sids = 0;

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
  await addTestClient(books.app, { clientId: 'other' });
  await addNumber(books.app, 'acme', NUMBER, NOW);
  const twilio = createTwilioWebhooks({
    account: { accountSid: ACCOUNT, authTokens: TOKENS, publicUrl: PUBLIC },
    store: createMessageStore(books.app),
    now: fixedClock(NOW.toISOString()).now,
    log: silentLog(),
  });
  const deps = {
    authenticate: createAuthenticator(books.app),
    storeUsage: createUsageStore(books.app),
    checkReady: async () => undefined,
    log: silentLog(),
    twilio,
  };
  server = await startIngest(deps, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.close();
  await books.close();
});
beforeEach(() => {
  sids += 1;
});

const sid = () => `SM${sids.toString(16).padStart(32, '0')}`;
const inbound = (more: Record<string, string> = {}) => ({
  AccountSid: ACCOUNT,
  ApiVersion: '2010-04-01',
  Body: 'Fix my code: null pointer',
  From: USER,
  MessageSid: sid(),
  NumMedia: '0',
  NumSegments: '1',
  SmsStatus: 'received',
  To: NUMBER,
  ...more,
});

interface Sending {
  path?: string;
  token?: string;
  signature?: string | null;
  headers?: Record<string, string>;
  body?: string;
}

async function send(fields: Record<string, string>, sending: Sending = {}) {
  const { path = '/webhooks/twilio/sms', token = TOKENS[0] ?? '', headers = {} } = sending;
  const body = sending.body ?? new URLSearchParams(fields).toString();
  const signed = sign(token, `${PUBLIC}${path}${joinParameters(Buffer.from(body))}`);
  const signature = sending.signature === undefined ? signed : sending.signature;
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(signature === null ? {} : { 'x-twilio-signature': signature }),
      ...headers,
    },
  });
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, type, text: await response.text() };
}

async function count(table: string): Promise<number> {
  const [row] = await query<{ rows: number }>(
    books.owner,
    `select count(*)::int as rows from ${table} where message_sid = $1`,
    [sid()],
  );
  return row?.rows ?? 0;
}

describe('an inbound message', () => {
  test('is a message, a user, a conversation and a task; the answer says nothing', async () => {
    const { status, type, text } = await send(inbound());
    expect({ status, type, text }).toEqual({
      status: 200,
      type: 'text/xml; charset=utf-8',
      text: '<Response/>',
    });
    const [stored] = await query(
      books.owner,
      `select sms_messages.client_id, body, encoding, segments, told_segments, direction,
         tasks.user_id, category, keyword, tasks.status, tasks.conversation_id
       from sms_messages join tasks using (client_id, message_sid) where message_sid = $1`,
      [sid()],
    );
    expect(stored).toEqual({
      client_id: 'acme',
      body: 'Fix my code: null pointer',
      encoding: 'GSM-7',
      segments: 1,
      told_segments: 1,
      direction: 'inbound',
      user_id: expect.stringMatching(/^sms-[0-9a-f-]{13}$/),
      category: 'debug',
      keyword: null,
      status: 'received',
      conversation_id: expect.stringMatching(/^sms-[0-9a-f-]{13}:\+12025550123$/),
    });
  });

  test('sent a thousand times is one message and one task', async () => {
    const fields = inbound();
    for (let round = 0; round < 20; round += 1) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => send(fields)));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
    }
    expect([await count('sms_messages'), await count('tasks')]).toEqual([1, 1]);
  }, 60_000);

  test('is taken with either token while one replaces the other', async () => {
    expect((await send(inbound(), { token: TOKENS[1] ?? '' })).status).toBe(200);
    expect(await count('tasks')).toBe(1);
  });

  test.each([
    ['forged', { signature: 'x'.repeat(28) }],
    ['unsigned', { signature: null }],
    ['signed with another token', { token: 'c'.repeat(32) }],
    ['signed for another host', { signature: sign(TOKENS[0] ?? '', 'https://evil.example/') }],
  ])('that is %s is refused with 403 and leaves no row', async (_how, sending) => {
    expect((await send(inbound(), sending)).status).toBe(403);
    expect([await count('sms_messages'), await count('tasks')]).toEqual([0, 0]);
  });

  test('is not let in by headers that name another host', async () => {
    const path = '/webhooks/twilio/sms';
    const fields = inbound();
    const text = joinParameters(Buffer.from(new URLSearchParams(fields).toString()));
    const signature = sign(TOKENS[0] ?? '', `https://evil.example${path}${text}`);
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
    expect((await send(fields, { signature, headers })).status).toBe(403);
  });

  test.each([
    ['for a number that is not ours', { To: '+12025550000' }],
    ['of another account', { AccountSid: `AC${'2'.repeat(32)}` }],
    ['without a real sid', { MessageSid: 'SM1' }],
    ['longer than 1,600 characters', { Body: 'x'.repeat(1_601) }],
  ])('%s is refused with 400 and leaves no row', async (_how, fields) => {
    expect((await send(inbound(fields))).status).toBe(400);
    expect(await count('tasks')).toBe(0);
  });

  test('with a field twice is refused, though it is signed', async () => {
    const body = `${new URLSearchParams(inbound())}&From=%2B12025550188`;
    expect((await send({}, { body })).status).toBe(400);
  });

  test('over 64 kB is refused', async () => {
    expect((await send(inbound({ Extra: 'x'.repeat(70_000) }))).status).toBe(413);
  });

  test.each([
    ['', 0],
    ['👋🏽🎉', 1],
    ['שלום עולם', 1],
    ['a\u200bb', 1],
    ['x'.repeat(1_600), 11],
  ])('is stored as it was written: %j', async (Body, segments) => {
    const fields = inbound({ Body });
    expect((await send(fields)).status).toBe(200);
    const sql = 'select body, segments from sms_messages where message_sid = $1';
    const [row] = await query(books.owner, sql, [sid()]);
    expect(row).toEqual({ body: Body, segments: Math.max(1, segments) });
  });

  test('of a keyword is marked, and a wish to stop in free words is flagged', async () => {
    await send(inbound({ Body: ' Stop! ' }));
    const sql = 'select keyword, wishes_to_stop from tasks where message_sid = $1';
    expect(await query(books.owner, sql, [sid()])).toMatchObject([{ keyword: 'stop' }]);
    sids += 1;
    await send(inbound({ Body: 'please stop texting me' }));
    expect(await query(books.owner, sql, [sid()])).toEqual([
      { keyword: null, wishes_to_stop: true },
    ]);
  });

  test('that Twilio took for a STOP in another language is one', async () => {
    await send(inbound({ Body: 'Arrêt', OptOutType: 'STOP' }));
    const sql = 'select keyword from tasks where message_sid = $1';
    expect(await query(books.owner, sql, [sid()])).toEqual([{ keyword: 'stop' }]);
    const suppressed = 'select reason from sms_suppressions where phone = $1';
    expect(await query(books.owner, suppressed, [USER])).toEqual([{ reason: 'stop' }]);
  });

  test('of a short code is kept and is no task', async () => {
    expect((await send(inbound({ From: '72345' }))).status).toBe(200);
    expect([await count('sms_messages'), await count('tasks')]).toEqual([1, 0]);
  });
});

describe('a delivery state', () => {
  const state = (MessageStatus: string, more: Record<string, string> = {}) => ({
    AccountSid: ACCOUNT,
    From: NUMBER,
    To: USER,
    MessageSid: sid(),
    MessageStatus,
    ...more,
  });
  const path = '/webhooks/twilio/status?outbox_id=o-1';

  test('is kept once for each sid, status and error, also of an unknown message', async () => {
    for (const status of ['sent', 'delivered', 'sent']) {
      expect((await send(state(status), { path })).status).toBe(200);
    }
    await send(state('failed', { ErrorCode: '30003' }), { path });
    const rows = await query(
      books.owner,
      `select status, error_code, outbox_id from sms_status_events where message_sid = $1
       order by status`,
      [sid()],
    );
    expect(rows).toEqual([
      { status: 'delivered', error_code: '', outbox_id: 'o-1' },
      { status: 'failed', error_code: '30003', outbox_id: 'o-1' },
      { status: 'sent', error_code: '', outbox_id: 'o-1' },
    ]);
  });

  test('finds its client by the signed address where our number is not in it', async () => {
    const from = `MG${'1'.repeat(32)}`;
    const ofService = state('sent', { From: from, MessagingServiceSid: from });
    expect((await send(ofService, { path })).status).toBe(400);
    expect((await send(ofService, { path: `${path}&client_id=acme` })).status).toBe(200);
    expect(await count('sms_status_events')).toBe(1);
  });

  test('that is not signed leaves no row', async () => {
    expect((await send(state('sent'), { path, signature: null })).status).toBe(403);
    expect(await count('sms_status_events')).toBe(0);
  });
});

describe('a number', () => {
  test('belongs to one client', async () => {
    expect(await addNumber(books.app, 'other', NUMBER, NOW)).toBe(false);
    expect(await listNumbers(books.pipeline)).toEqual([{ phone: NUMBER, clientId: 'acme' }]);
  });

  test('is given with its country code', async () => {
    await expect(addNumber(books.app, 'acme', '2025550123', NOW)).rejects.toThrow(
      /no phone number/,
    );
  });
});
