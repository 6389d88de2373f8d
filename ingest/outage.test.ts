// Rules of an outage: while Postgres is away every request is 503 with Retry-After, never 2xx or
// 500, and the same server serves again once Postgres is back. Requests under way drain on close.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPool, type Pool, query } from '../core/postgres.ts';
import { APP_ROLE, deriveRoleUrl } from '../core/roles.ts';
import {
  addTestClient,
  createTestBooks,
  rememberingLog,
  type TestBooks,
} from '../core/test-support.ts';
import { createAuthenticator, createToken } from './api/tokens.ts';
import { type RunningServer, startIngest } from './server.ts';
import { createUsageStore, type StoreUsage } from './store/usage-events.ts';

/** A road to Postgres that can be closed and opened again at the same port. */
interface Road {
  port: number;
  close(): Promise<void>;
  open(): Promise<void>;
}

let books: TestBooks;
let road: Road;
let pool: Pool;
let server: RunningServer;
let token: string;
let ids = 0;
const { log } = rememberingLog();

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
  token = await createToken(books.app, { clientId: 'acme', name: 'test', scopes: ['usage:write'] });
  const url = new URL(deriveRoleUrl(books.ownerUrl, APP_ROLE));
  road = await buildRoad(Number(url.port));
  url.port = String(road.port);
  pool = createPool({ url: url.toString(), applicationName: 'tests', log, max: 4 });
  server = await start(createUsageStore(pool));
});

afterAll(async () => {
  await server.close();
  await pool.end();
  await road.close();
  await books.close();
});

function start(storeUsage: StoreUsage): Promise<RunningServer> {
  const checkReady = async () => void (await query(pool, 'select 1'));
  const deps = { authenticate: createAuthenticator(pool), storeUsage, checkReady, log };
  return startIngest(deps, { host: '127.0.0.1', port: 0 });
}

async function buildRoad(target: number): Promise<Road> {
  const sockets = new Set<Socket>();
  let listener: Server | undefined;
  const accept = (near: Socket) => {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from
        .on('error', () => undefined)
        .on('close', () => to.destroy())
        .on('close', () => sockets.delete(from))
        .pipe(to);
    }
  };
  const listen = async (port: number) => {
    listener = createServer(accept).listen(port, '127.0.0.1');
    await once(listener, 'listening');
    return (listener.address() as { port: number }).port;
  };
  const port = await listen(0);
  const close = async () => {
    const closed = listener?.listening ? once(listener, 'close') : undefined;
    listener?.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port, close, open: async () => void (await listen(port)) };
}

function send(id: string, to = server): Promise<Response> {
  const event = { id, occurred_at: '2025-03-18T09:30:00Z', provider: 'p', model: 'm', cost: '1' };
  return fetch(`${to.url}/v1/usage`, {
    method: 'POST',
    body: JSON.stringify(event),
    headers: { authorization: `Bearer ${token}` },
  });
}

function newId(): string {
  ids += 1;
  return `event-${ids}`;
}

async function bookedIds(): Promise<unknown[]> {
  const rows = await query(books.owner, 'select event_id from usage_events');
  return rows.map(({ event_id }) => event_id);
}

test('Postgres away is 503 with Retry-After; back again, the same server serves', async () => {
  const before = newId();
  expect((await send(before)).status).toBe(201);
  await road.close();
  const during = newId();
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const answer = await send(during);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await answer.json()).toHaveProperty('error.code', 'ERR_BOOKS_UNAVAILABLE');
  }
  expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect(await bookedIds()).toEqual([before]);
  await road.open();
  expect((await send(during)).status).toBe(201);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
});

test('a road that breaks again and again loses nothing that was answered with 2xx', async () => {
  const answered = new Map<string, number>();
  let stored = 0;
  let breaking = Promise.resolve();
  const sender = async () => {
    for (let count = 0; count < 40; count += 1) {
      const id = newId();
      const { status } = await send(id);
      answered.set(id, status);
      stored += status === 201 ? 1 : 0;
      // The requests of the other senders are under way when the road breaks.
      if (stored % 8 === 0) breaking = breaking.then(road.close).then(road.open);
    }
  };
  await Promise.all(Array.from({ length: 4 }, sender));
  await breaking;
  // Control: the breaks did hit requests, and left others alone.
  expect([...new Set(answered.values())].sort()).toEqual([201, 503]);
  const booked = new Set(await bookedIds());
  for (const [id, status] of answered) if (status === 201) expect(booked).toContain(id);
  for (const id of answered.keys()) expect([200, 201]).toContain((await send(id)).status);
  expect(new Set(await bookedIds()).size).toBe(ids);
});

test('closing waits for the request under way, and takes no new one', async () => {
  let finish = (): void => undefined;
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const slow = await start(async (...batch) => {
    begin();
    await finished;
    return createUsageStore(pool)(...batch);
  });
  const id = newId();
  const answer = send(id, slow);
  await begun;
  const closing = slow.close();
  await expect(send(newId(), slow)).rejects.toThrow();
  finish();
  expect((await answer).status).toBe(201);
  await closing;
  expect(await bookedIds()).toContain(id);
});
