// Rules of what the usage API does not serve, over real HTTP: too large, too slow, unreadable or
// elsewhere. Each is answered plainly, nothing leaks, and the process lives on.
import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveTestBooks, type TestAnswer, type TestApi } from './test-support.ts';

const MEBIBYTE = 1024 * 1024;
const EVENT = {
  id: 'event',
  occurred_at: '2025-03-18T09:30:00Z',
  provider: 'p',
  model: 'm',
  cost: '1',
};

let api: TestApi;

beforeAll(async () => {
  api = await serveTestBooks({ requestTimeoutMs: 700 });
});

afterAll(() => api.close());

describe('a request that is not to be served', () => {
  const events = (count: number) => `[${Array(count).fill('{}')}]`;
  test.each<[string, () => Promise<TestAnswer>, number, string]>([
    ['malformed JSON', () => api.post('{"id":'), 400, 'ERR_INPUT'],
    ['an empty body', () => api.post(''), 400, 'ERR_INPUT'],
    ['no body', () => api.post(null), 400, 'ERR_INPUT'],
    [
      'bytes that are not UTF-8',
      () => api.post(Buffer.from('{"id":"\xff"}', 'latin1')),
      400,
      'ERR_INPUT',
    ],
    ['broken gzip', () => api.post('x', { 'content-encoding': 'gzip' }), 400, 'ERR_INPUT'],
    ['an unknown encoding', () => api.post('x', { 'content-encoding': 'zip' }), 415, 'ERR_INPUT'],
    ['5,001 events', () => api.post(events(5_001)), 413, 'ERR_TOO_LARGE'],
    ['over 5 MB', () => api.post('x'.repeat(5 * MEBIBYTE + 1)), 413, 'ERR_TOO_LARGE'],
    [
      'a gzip bomb',
      () => api.post(gzipSync(Buffer.alloc(100 * MEBIBYTE)), { 'content-encoding': 'gzip' }),
      413,
      'ERR_TOO_LARGE',
    ],
    ['GET', () => api.send('/v1/usage'), 405, 'ERR_INPUT'],
    ['PUT', () => api.send('/v1/usage', { method: 'PUT', body: '{}' }), 405, 'ERR_INPUT'],
    ['an unknown path', () => api.send('/v1/nothing'), 404, 'ERR_NOT_FOUND'],
    ['a path that climbs', () => api.send('/v1/..%2f..%2fetc/passwd'), 404, 'ERR_NOT_FOUND'],
  ])('%s is answered with its status and a plain error', async (_what, request, status, code) => {
    const answer = await request();
    expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.text).not.toMatch(
      /node_modules|\.ts\b|\bat \w+ \(|select |insert |postgres|\/work\/|\/home\//i,
    );
  });

  test('as large as is allowed is served (control)', async () => {
    const body = JSON.stringify(EVENT);
    expect((await api.post(body.padEnd(5 * MEBIBYTE))).status).toBe(201);
    expect((await api.post(events(5_000))).body).toMatchObject({ rejected: 5_000 });
  });

  test('names the method that works where another was used', async () => {
    expect((await api.send('/v1/usage', { method: 'DELETE' })).headers.get('allow')).toBe('POST');
  });
});

describe('a slow client', () => {
  const head =
    'POST /v1/usage HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\nauthorization: Bearer ';
  test.each([
    ['body', () => `${head}${api.token}\r\n\r\n{"id":`],
    ['head', () => head],
  ])('that does not finish its %s is answered 408 and disconnected', async (_part, sent) => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.write(sent());
    await once(socket, 'close');
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 408 /);
    expect((await api.send('/healthz')).status).toBe(200);
  });
});
