// Rules of talking to Twilio, with the real package against the stand-in: each failure says whether the
// text may have been accepted, nothing is sent twice, and no error repeats what was sent.

import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type SendFault,
  startTwilioStandIn,
  type TwilioStandIn,
} from '../../test/stand-ins/twilio.ts';
import { createTwilioApi, type SendResult, type TwilioApi } from './api.ts';

const OURS = '+15005550006';
const THEIRS = '+14155550100';
const BODY = 'The gate code is 4711';
const CALLBACK = 'https://sms.example.test/webhooks/twilio/status?outbox_id=a1';

let standIn: TwilioStandIn;
let twilio: TwilioApi;

beforeAll(async () => {
  standIn = await startTwilioStandIn({ retryAfterSeconds: 7, slowMs: 20 });
  twilio = connect({});
});
afterAll(() => standIn.close());
afterEach(() => {
  standIn.listStatuses.length = 0;
  vi.unstubAllEnvs();
});

function connect(options: { baseUrl?: string; timeoutMs?: number; authToken?: string }) {
  const { url: baseUrl, accountSid, authToken } = standIn;
  return createTwilioApi({ baseUrl, accountSid, authToken, ...options });
}

function sendTo(to: string, api = twilio, from = OURS): Promise<SendResult> {
  return api.send({ from, to, body: BODY, statusCallback: CALLBACK });
}

describe('a text that is sent', () => {
  test('is named by its sid, with its segments and no price yet', async () => {
    const result = await sendTo('+14155550101');
    const [message] = standIn.sentTo('+14155550101');
    expect(result).toEqual({
      outcome: 'sent',
      messageSid: message?.sid,
      status: 'queued',
      segments: 1,
      price: null,
      currency: 'USD',
    });
    expect(message).toMatchObject({ from: OURS, body: BODY, statusCallback: CALLBACK });
  });

  test('may wait four hours for its turn at Twilio, not longer', async () => {
    await sendTo('+14155550103');
    expect(standIn.sentTo('+14155550103')).toMatchObject([{ validityPeriod: 14_400 }]);
  });

  test('is sent though a variable asks the package to print it', async () => {
    vi.stubEnv('TWILIO_LOG_LEVEL', 'debug');
    const print = vi.spyOn(console, 'log');
    expect(await sendTo('+14155550102', connect({}))).toMatchObject({ outcome: 'sent' });
    expect(print).not.toHaveBeenCalled();
    print.mockRestore();
  });
});

describe('a fault', () => {
  /** The outcome, and how many messages Twilio has after it. */
  const FAULTS: [SendFault, Partial<SendResult>, number][] = [
    ['accept-then-reset', { outcome: 'uncertain' }, 1],
    ['reset-before', { outcome: 'uncertain' }, 0],
    ['hang', { outcome: 'uncertain', code: 'ETIMEDOUT' }, 0],
    ['hang-accepted', { outcome: 'uncertain', code: 'ETIMEDOUT' }, 1],
    ['429', { outcome: 'retry', afterMs: 7_000, code: '20429' }, 0],
    ['500', { outcome: 'uncertain', code: '20500' }, 0],
    ['503', { outcome: 'uncertain', code: '20500' }, 0],
    ['500-accepted', { outcome: 'uncertain', code: '20500' }, 1],
    ['slow', { outcome: 'sent' }, 1],
    ['refuse:21610', { outcome: 'refused', reason: 'stop', code: '21610' }, 0],
    ['refuse:21614', { outcome: 'refused', reason: 'unreachable' }, 0],
    ['refuse:21606', { outcome: 'refused', reason: 'configuration', isAccountWide: true }, 0],
    ['refuse:21408', { outcome: 'refused', reason: 'configuration', isAccountWide: false }, 0],
    ['refuse:30007', { outcome: 'refused', reason: 'carrier' }, 0],
    ['refuse:21617', { outcome: 'refused', reason: 'other' }, 0],
    ['refuse:21611', { outcome: 'retry', afterMs: null }, 0],
    ['refuse:99999', { outcome: 'refused', reason: 'other', code: '99999' }, 0],
  ];

  test.each(FAULTS)('%s is told for what it is, after one request', async (fault, told, kept) => {
    const to = `+1415556${String(FAULTS.findIndex(([name]) => name === fault)).padStart(4, '0')}`;
    const before = standIn.sendRequests;
    standIn.sendFaults.force(fault);
    const result = await sendTo(to, connect({ timeoutMs: 800 }));
    expect(result).toMatchObject(told);
    expect(standIn.sendRequests - before).toBe(1);
    expect(standIn.sentTo(to)).toHaveLength(kept);
    expectNoSecret(result, to);
  });

  test('wrong credentials are ours to mend', async () => {
    const result = await sendTo(THEIRS, connect({ authToken: 'wrong' }));
    expect(result).toMatchObject({ outcome: 'refused', reason: 'configuration', code: '20003' });
    expectNoSecret(result, THEIRS);
  });

  test('nobody there means that nothing was sent', async () => {
    const port = await unusedPort();
    const refused = await sendTo(THEIRS, connect({ baseUrl: `http://127.0.0.1:${port}` }));
    expect(refused).toMatchObject({ outcome: 'retry', code: 'ECONNREFUSED' });
  });

  test('a handshake that never ends, or ends at once, means that nothing was sent', async () => {
    for (const greet of [() => undefined, (socket: Socket) => socket.end('no TLS here\r\n')]) {
      const { port, close } = await listenTcp(greet);
      const secure = connect({ baseUrl: `https://127.0.0.1:${port}`, timeoutMs: 400 });
      expect(await sendTo(THEIRS, secure)).toMatchObject({ outcome: 'retry' });
      close();
    }
  });

  test('an answer that trickles is given up at the deadline', async () => {
    let timer: NodeJS.Timeout | undefined;
    const { port, close } = await listenTcp((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 201 Created\r\ncontent-length: 9999\r\n\r\n');
        timer = setInterval(() => socket.write('{'), 20);
      });
    });
    const slow = connect({ baseUrl: `http://127.0.0.1:${port}`, timeoutMs: 300 });
    expect(await sendTo(THEIRS, slow)).toMatchObject({ outcome: 'uncertain', code: 'ETIMEDOUT' });
    clearInterval(timer);
    close();
  });

  test.each([
    ['an answer that is no JSON', 'HTTP/1.1 201 Created\r\n', '<html>', 'uncertain'],
    ['an answer without a sid', 'HTTP/1.1 201 Created\r\n', '{"status":"queued"}', 'uncertain'],
    ['a redirect', 'HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:1/\r\n', '', 'refused'],
    ['a page of a proxy', 'HTTP/1.1 403 Forbidden\r\n', '<html>no</html>', 'refused'],
    ['a proxy that gave up', 'HTTP/1.1 504 Gateway Timeout\r\n', '<html>', 'uncertain'],
  ])('%s is never taken for a message', async (_name, head, body, outcome) => {
    let requests = 0;
    const { port, close } = await listenTcp((socket) => {
      socket.on('data', () => {
        requests += 1;
        socket.end(`${head}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
      });
    });
    const result = await sendTo(THEIRS, connect({ baseUrl: `http://127.0.0.1:${port}` }));
    expect(result).toMatchObject({ outcome });
    expect(requests).toBe(1);
    close();
  });
});

describe('a list', () => {
  test('holds every message of the time, over all pages', async () => {
    const clock = { now: new Date('2026-03-18T10:00:00Z') };
    const many = await startTwilioStandIn({ now: () => clock.now });
    const { url: baseUrl, accountSid, authToken } = many;
    for (let index = 0; index < 2_300; index += 1) {
      clock.now = new Date(Date.parse('2026-03-18T10:00:00.700Z') + index * 1_000);
      await many.receive({ from: THEIRS, to: OURS, body: `text ${index}` }, 'http://127.0.0.1:9/');
    }
    const api = createTwilioApi({ baseUrl, accountSid, authToken });
    const all = await api.listMessages({ to: OURS, after: new Date('2026-03-18T10:00:00.900Z') });
    expect(new Set(all.map(({ body }) => body)).size).toBe(2_300);
    const window = {
      after: new Date('2026-03-18T10:01:00Z'),
      before: new Date('2026-03-18T10:01:59Z'),
    };
    expect(await api.listMessages({ to: OURS, ...window })).toHaveLength(60);
    expect(await api.listMessages({ to: THEIRS, ...window })).toEqual([]);
    await many.close();
  });

  test('tells prices as positive texts, and states with their error', async () => {
    const to = '+14155550777';
    standIn.undeliverable.set(to, 30005);
    await sendTo(to);
    await standIn.waitForCallbacks();
    const [message] = await twilio.listMessages({ to, after: new Date(Date.now() - 60_000) });
    expect(message).toMatchObject({
      direction: 'outbound',
      from: OURS,
      to,
      body: BODY,
      status: 'undelivered',
      errorCode: '30005',
      segments: 1,
      price: '0.0079',
      currency: 'USD',
      mediaCount: 0,
    });
    expect(Math.abs((message?.happenedAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test('that cannot be had is an error, with the wait that was asked for', async () => {
    const ask = () => twilio.listMessages({ after: new Date() });
    standIn.listStatuses.push(429, 500);
    await expect(ask()).rejects.toMatchObject({
      code: 'ERR_TWILIO',
      details: { isTransient: true, code: '20429' },
    });
    await expect(ask()).rejects.toMatchObject({ code: 'ERR_TWILIO' });
    await expect(
      connect({ authToken: 'wrong' }).listMessages({ after: new Date() }),
    ).rejects.toMatchObject({ code: 'ERR_TWILIO', details: { isTransient: false } });
  });

  test('sends our credentials to no other host that an answer names', async () => {
    const asked: string[] = [];
    const { port, close } = await listenTcp((socket) => {
      socket.on('data', (chunk) => {
        asked.push(String(chunk).split('\r\n')[0] ?? '');
        const next = asked.length > 1 ? null : 'https://evil.example/2010-04-01/x';
        const meta = { key: 'messages', next_page_url: next };
        const body = JSON.stringify({ messages: [], meta });
        const head = `HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${body.length}`;
        socket.end(`${head}\r\n\r\n${body}`);
      });
    });
    const list = connect({ baseUrl: `http://127.0.0.1:${port}` }).listMessages({
      after: new Date(),
    });
    await expect(list).rejects.toMatchObject({ code: 'ERR_TWILIO' });
    expect(asked).toHaveLength(1);
    close();
  });
});

function expectNoSecret(result: unknown, to: string): void {
  const told = JSON.stringify(result);
  for (const secret of [to, standIn.authToken, BODY, '+15005550001', 'a text of a person']) {
    expect(told).not.toContain(secret);
  }
}

async function listenTcp(onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port, close };
}

async function unusedPort(): Promise<number> {
  const { port, close } = await listenTcp(() => undefined);
  close();
  return port;
}
