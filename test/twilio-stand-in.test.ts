// Rules of the stand-in for Twilio, so that what is proved with it holds: it signs as Twilio does,
// calls back in every way that Twilio may, and its accepted messages are what the listing shows.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTwilioApi, type SendResult } from '../ingest/twilio/api.ts';
import { parseForm } from '../ingest/twilio/form.ts';
import { readInbound } from '../ingest/twilio/inbound-fields.ts';
import { checkSignature } from '../ingest/twilio/signature.ts';
import { readStatus } from '../ingest/twilio/status-fields.ts';
import {
  type SendFault,
  startTwilioStandIn,
  type TwilioStandIn,
  type TwilioStandInOptions,
} from './stand-ins/twilio.ts';

const OURS = '+15005550006';
const THEIRS = '+14155550100';
const PUBLIC_URL = 'https://sms.example.test/base';
const CALLBACK = `${PUBLIC_URL}/webhooks/twilio/status?outbox_id=a1`;

interface Call {
  path: string;
  signature: string;
  body: Buffer;
  /** How many sends had been answered by then. */
  answered: number;
}

let server: Server;
let actualUrl: string;
let calls: Call[];
let statuses: number[];
let answered: number;
let standIn: TwilioStandIn;

beforeEach(async () => {
  [calls, statuses, answered] = [[], [], 0];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const signature = String(request.headers['x-twilio-signature']);
      calls.push({ path: request.url ?? '', signature, body: Buffer.concat(chunks), answered });
      response.writeHead(statuses.shift() ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  actualUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.close();
  await standIn.close();
});

async function start(options: TwilioStandInOptions = {}): Promise<void> {
  standIn = await startTwilioStandIn(options);
  standIn.reach = { publicUrl: PUBLIC_URL, actualUrl };
}

async function send(to = THEIRS, timeoutMs = 2_000): Promise<SendResult> {
  const { url: baseUrl, accountSid, authToken } = standIn;
  const api = createTwilioApi({ baseUrl, accountSid, authToken, timeoutMs });
  const result = await api.send({ from: OURS, to, body: 'Hello', statusCallback: CALLBACK });
  answered += 1;
  return result;
}

function isSigned({ path, signature, body }: Call): boolean {
  const url = `${PUBLIC_URL}${path}`;
  return 'token' in checkSignature({ url, signature, body, isForm: true }, [standIn.authToken]);
}

function toldStatuses(): string[] {
  return calls.map(({ path, body }) => {
    const query = parseForm(path.split('?')[1] ?? '');
    const read = readStatus(parseForm(body.toString()), query, standIn.accountSid);
    if ('problem' in read) throw new Error(JSON.stringify(read.problem));
    expect(read.report.outboxId).toBe('a1');
    return read.report.status + (read.report.errorCode ?? '');
  });
}

describe('an inbound text', () => {
  test('is told in a form that our own reading takes, signed for the public address', async () => {
    await start();
    const media = [{ contentType: 'image/png', bytes: Buffer.from('x') }];
    const body = 'ça va? 👋 a&b=c+d\n';
    const { messageSid, status } = await standIn.receive({ from: THEIRS, to: OURS, body, media });
    expect(status).toBe(200);
    const [call] = calls;
    expect(call !== undefined && isSigned(call)).toBe(true);
    const own = { accountSid: standIn.accountSid, numbers: new Set([OURS]) };
    expect(readInbound(parseForm(call?.body.toString() ?? ''), own)).toMatchObject({
      message: { messageSid, from: THEIRS, body, media: [{ contentType: 'image/png' }] },
    });
  });

  test('stays listed when the webhook fails, and is told again only where asked for', async () => {
    await start();
    statuses = [503, 503, 200];
    const text = { from: THEIRS, to: OURS, body: 'Hi' };
    expect(await standIn.receive(text)).toMatchObject({ status: 503 });
    expect(await standIn.receive({ ...text, retries: 1 })).toMatchObject({ status: 200 });
    expect(calls).toHaveLength(3);
    server.closeAllConnections();
    server.close();
    expect(await standIn.receive(text)).toMatchObject({ status: 0 });
    expect(standIn.messages).toHaveLength(3);
  });
});

describe('delivery states', () => {
  test.each([
    ['in order', {}, ['sent', 'delivered']],
    ['out of order', { 'out-of-order': 1 }, ['delivered', 'sent']],
    ['twice', { duplicated: 1 }, ['sent', 'sent', 'delivered', 'delivered']],
    ['never', { lost: 1 }, []],
    ['before the answer', { 'before-answer': 1 }, ['sent', 'delivered']],
  ])('are told %s, and the price stands afterwards', async (way, callbackChances, told) => {
    await start({ callbackChances });
    expect(await send()).toMatchObject({ outcome: 'sent', price: null });
    await standIn.waitForCallbacks();
    expect(toldStatuses()).toEqual(told);
    expect(calls.every(isSigned)).toBe(true);
    if (way === 'before the answer') expect(calls.map((call) => call.answered)).toEqual([0, 0]);
    expect(standIn.messages).toMatchObject([{ status: 'delivered', price: '-0.00790' }]);
  });

  test('tell why a text did not arrive', async () => {
    await start();
    standIn.undeliverable.set(THEIRS, 30006);
    await send();
    await standIn.waitForCallbacks();
    expect(toldStatuses()).toEqual(['sent', 'undelivered30006']);
  });
});

test('who texted STOP is sent nothing until START, unless that is ours to keep', async () => {
  await start();
  const say = (body: string) => standIn.receive({ from: THEIRS, to: OURS, body });
  await say(' stop ');
  expect(await send()).toMatchObject({ outcome: 'refused', reason: 'stop', code: '21610' });
  expect(await send('+14155550199')).toMatchObject({ outcome: 'sent' });
  await say('START');
  expect(await send()).toMatchObject({ outcome: 'sent' });
  await standIn.close();
  await start({ keepsOptOuts: false });
  await say('STOP');
  expect(await send()).toMatchObject({ outcome: 'sent' });
});

test('a server that is away refuses, and is back at the same address', async () => {
  await start();
  await standIn.pause();
  expect(await send()).toMatchObject({ outcome: 'retry', code: 'ECONNREFUSED' });
  await standIn.resume();
  expect(await send()).toMatchObject({ outcome: 'sent' });
});

test('of 500 texts under every fault, each outcome fits what Twilio has', async () => {
  const faults: SendFault[] = [
    ...(['accept-then-reset', 'reset-before', 'hang', 'hang-accepted', 'slow', '429'] as const),
    ...(['500', '500-accepted', '503', 'refuse:21614', 'refuse:21408'] as const),
  ];
  const sendChances = Object.fromEntries(faults.map((fault) => [fault, 0.06]));
  const callbackChances = { lost: 0.2, duplicated: 0.2, 'out-of-order': 0.2, 'before-answer': 0.2 };
  await start({ sendChances, callbackChances, slowMs: 10 });
  const kept = { sent: [1], retry: [0], refused: [0], uncertain: [0, 1] };
  const seen = new Map<string, number>();
  const texts = Array.from({ length: 500 }, (_, index) => `+1415${5_550_000 + index}`);
  const sendNext = async (): Promise<void> => {
    for (let to = texts.pop(); to !== undefined; to = texts.pop()) {
      const { outcome } = await send(to, 400);
      const found = standIn.sentTo(to).length;
      expect(kept[outcome], `${outcome} with ${found} messages`).toContain(found);
      const name = `${outcome} ${found}`;
      seen.set(name, (seen.get(name) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 25 }, sendNext));
  expect(standIn.sendRequests).toBe(500);
  // Every fault was met, and an uncertain text did go out as often as it did not, about.
  expect([...standIn.sendFaults.met.keys()].sort()).toEqual([...faults].sort());
  expect(seen.get('uncertain 0')).toBeGreaterThan(50);
  expect(seen.get('uncertain 1')).toBeGreaterThan(50);
  await standIn.waitForCallbacks();
  const { url: baseUrl, accountSid, authToken } = standIn;
  const api = createTwilioApi({ baseUrl, accountSid, authToken });
  const listed = await api.listMessages({ from: OURS, after: new Date(Date.now() - 600_000) });
  expect(listed).toHaveLength(standIn.messages.length);
});
