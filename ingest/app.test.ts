// Rules of the usage API over real HTTP: every answer has its status, what is answered with 2xx is
// booked, and a bad item never stops a good one.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { addTestClient } from '../core/test-support.ts';
import { createToken, revokeToken } from './api/tokens.ts';
import { startIngest } from './server.ts';
import { serveTestBooks, type TestApi } from './test-support.ts';

const MEBIBYTE = 1024 * 1024;

let api: TestApi;

beforeAll(async () => {
  api = await serveTestBooks();
});

afterAll(() => api.close());

const NDJSON = { 'content-type': 'application/x-ndjson' };
let ids = 0;
function event(fields: Record<string, unknown> = {}): Record<string, unknown> {
  ids += 1;
  const base = {
    id: `event-${ids}`,
    occurred_at: '2025-03-18T09:30:00Z',
    provider: 'p',
    model: 'm',
    cost: '1',
  };
  return { ...base, ...fields };
}

async function isBooked(id: unknown): Promise<boolean> {
  // The owner's pool is another connection: it sees what is committed and nothing else.
  return (
    (await query(api.books.owner, 'select 1 from usage_events where event_id = $1', [id]))
      .length === 1
  );
}

describe('a single event', () => {
  test('is 201 and booked by then, 200 for the same again, 409 for another body', async () => {
    const one = event();
    const first = await api.post(JSON.stringify(one));
    expect(await isBooked(one.id)).toBe(true);
    expect([first.status, first.body]).toEqual([201, { id: one.id, result: 'accepted' }]);
    const again = await api.post(JSON.stringify({ ...one, cost: '1.00' }));
    expect([again.status, again.body]).toEqual([200, { id: one.id, result: 'duplicate' }]);
    const other = await api.post(JSON.stringify({ ...one, cost: '2' }));
    expect([other.status, other.body]).toEqual([409, { id: one.id, result: 'conflict' }]);
  });

  test('that is bad is 400 with field and reason', async () => {
    const one = event({ cost: -1 });
    const { status, body } = await api.post(JSON.stringify(one));
    expect([status, body]).toEqual([
      400,
      { id: one.id, result: 'rejected', field: 'cost', reason: 'must not be negative' },
    ]);
    expect(await isBooked(one.id)).toBe(false);
  });
});

describe('a batch', () => {
  test('is 200 with one result per item in order; a bad one does not stop others', async () => {
    const [first, bad, last] = [event(), event({ colour: 'red' }), event()];
    const { status, body } = await api.post(JSON.stringify([first, bad, last, first]));
    expect(status).toBe(200);
    expect(body).toMatchObject({ accepted: 2, duplicate: 1, conflict: 0, rejected: 1 });
    expect(body.results).toEqual([
      { index: 0, id: first?.id, result: 'accepted' },
      {
        index: 1,
        id: bad?.id,
        result: 'rejected',
        field: 'colour',
        reason: 'is no field of a usage event',
      },
      { index: 2, id: last?.id, result: 'accepted' },
      { index: 3, id: first?.id, result: 'duplicate' },
    ]);
    expect([await isBooked(first?.id), await isBooked(last?.id)]).toEqual([true, true]);
  });

  test('as NDJSON survives a line that is no JSON', async () => {
    const body = [JSON.stringify(event()), '{"id":', JSON.stringify(event())].join('\n');
    const answer = await api.post(body, NDJSON);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ accepted: 2, rejected: 1 });
    expect(answer.body.results?.[1]).toEqual({
      index: 1,
      id: null,
      result: 'rejected',
      field: '',
      reason: 'is not valid JSON',
    });
  });

  test('of poison leaves the good ones booked and the process alive', async () => {
    const deep = `{"id":"deep","metadata":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    const growing = JSON.stringify(event({ metadata: { a: 'N' } })).replace(
      '"N"',
      `[${Array(99_999).fill('1e999')}]`,
    );
    const poison = [
      deep,
      growing,
      '{"__proto__":{"id":"x"}}',
      JSON.stringify(event({ user_id: 'a\u0000' })),
      JSON.stringify(event({ user_id: '\ud800' })),
      JSON.stringify(event({ model: 'x'.repeat(MEBIBYTE) })),
      JSON.stringify(event({ cost: 'N' })).replace('"N"', '1e400'),
      'null',
      JSON.stringify(event({ cost: 'Infinity' })),
      JSON.stringify(event({ cost: 'NaN' })),
    ];
    const [first, last] = [event(), event()];
    const { status, body } = await api.post(
      `[${[JSON.stringify(first), ...poison, JSON.stringify(last)]}]`,
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({ accepted: 2, rejected: poison.length });
    expect([await isBooked(first.id), await isBooked(last.id)]).toEqual([true, true]);
  });

  test('with gzip, a byte order mark or no event is read', async () => {
    const zipped = gzipSync(JSON.stringify([event()]));
    expect((await api.post(zipped, { 'content-encoding': 'gzip' })).body).toMatchObject({
      accepted: 1,
    });
    expect((await api.post(`\ufeff${JSON.stringify(event())}`)).status).toBe(201);
    expect((await api.post('[]')).body).toMatchObject({ accepted: 0, results: [] });
  });
});

describe('who may write', () => {
  test('is asked before anything else: 401 without a valid token, in the header', async () => {
    const revoked = await createToken(api.books.app, {
      clientId: 'acme',
      name: 'r',
      scopes: ['usage:write'],
    });
    await revokeToken(api.books.app, 'acme', revoked, new Date());
    const one = event();
    const body = JSON.stringify(one);
    const attempts = [
      api.send('/v1/usage', { method: 'POST', body }),
      api.send(`/v1/usage?access_token=${api.token}&token=${api.token}`, { method: 'POST', body }),
      api.post(body, { authorization: `Bearer dbk_${'0'.repeat(16)}_${'a'.repeat(43)}` }),
      api.post(body, { authorization: `Bearer ${revoked}` }),
      api.post(body, { authorization: `Basic ${api.token}` }),
      api.post('{', { authorization: 'Bearer x' }),
    ];
    const answers = await Promise.all(attempts);
    for (const answer of answers) {
      expect([answer.status, answer.text]).toEqual([401, answers[0]?.text]);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
    expect(await isBooked(one.id)).toBe(false);
  });

  test('is 403 for a token without the scope', async () => {
    const reader = await createToken(api.books.app, {
      clientId: 'acme',
      name: 'r',
      scopes: ['reports:read'],
    });
    const { status, body } = await api.post(JSON.stringify(event()), {
      authorization: `Bearer ${reader}`,
    });
    expect([status, body.error?.code]).toEqual([403, 'ERR_SCOPE']);
  });

  test('books for its own client only', async () => {
    await addTestClient(api.books.app, { clientId: 'other' });
    const other = await createToken(api.books.app, {
      clientId: 'other',
      name: 'o',
      scopes: ['usage:write'],
    });
    const one = event();
    await api.post(JSON.stringify(one));
    expect((await api.post(JSON.stringify(one), { authorization: `Bearer ${other}` })).status).toBe(
      201,
    );
    const rows = await query(
      api.books.owner,
      'select client_id from usage_events where event_id = $1 order by 1',
      [one.id],
    );
    expect(rows).toEqual([{ client_id: 'acme' }, { client_id: 'other' }]);
  });
});

test('an unexpected failure is 500 without a word of what it was; the log has it', async () => {
  const failing = await startIngest(
    {
      authenticate: async () => ({ clientId: 'acme', scopes: ['usage:write'] }),
      storeUsage: async () => {
        throw Object.assign(new Error('relation "usage_events" does not exist'), { code: '42P01' });
      },
      checkReady: async () => undefined,
      log: api.log,
    },
    { host: '127.0.0.1', port: 0 },
  );
  const response = await fetch(`${failing.url}/v1/usage`, { method: 'POST', body: '[]' });
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({
    error: { code: 'ERR_INTERNAL', message: 'something went wrong here; the log says what' },
  });
  expect(api.lines).toContainEqual(
    expect.objectContaining({ event: 'request.failed', level: 'error' }),
  );
  await failing.close();
});

test('the log holds neither tokens nor bodies, of all that went before', () => {
  const text = JSON.stringify(api.lines);
  expect(text).toContain('usage.received');
  expect(text).not.toContain('dbk_');
  expect(text).not.toContain('occurred_at');
});

test('the server says that it lives and that it is ready, to anybody', async () => {
  expect((await api.send('/healthz')).body).toEqual({ status: 'alive' });
  expect((await api.send('/readyz')).body).toEqual({ status: 'ready' });
});
