// Recording: single events with and without group commit, batches against raw COPY of the same rows
// into the same table, and the server's memory over a million events.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { copyFromFile, copyToFile, type Pool, query, withTransaction } from '../core/postgres.ts';
import { createToken } from '../ingest/api/tokens.ts';
import { addBenchClient, type BenchBooks, withBenchBooks } from './books.ts';
import { type Measurement, median, percent, quantile, rate, timed } from './measure.ts';

const CONNECTIONS = 64;
const SINGLES = 6_000;
const ROUNDS = 3;
const BATCH = 5_000;
const BATCHES = 12;
const BATCH_SENDERS = 3;
const MEMORY_EVENTS = 1_000_000;
// All that a copied row takes from the sent one; the rest has defaults.
const COPIED_EXCEPT = new Set(['client_id', 'received_at', 'xid']);

/** Measures on books of its own under `home`. */
export async function benchIngest(home: string): Promise<Measurement[]> {
  return withBenchBooks(home, async (books) => [
    ...(await benchSingles(books)),
    ...(await benchBatches(books, home)),
    ...(await benchMemory(books)),
  ]);
}

async function benchSingles(books: BenchBooks): Promise<Measurement[]> {
  const rates: Record<string, number[]> = { alone: [], grouped: [] };
  const p99s: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const mode of ['alone', 'grouped']) {
      const { seconds, latencies } = await withServer(books, mode, `${mode}-${round}`, sendSingles);
      // The first round warms Postgres' cache for both.
      if (round === 0) continue;
      rates[mode]?.push(SINGLES / seconds);
      if (mode === 'grouped') p99s.push(quantile(latencies, 0.99));
    }
  }
  const [alone, grouped] = [median(rates.alone ?? []), median(rates.grouped ?? [])];
  return [
    {
      work: `single events over HTTP, ${CONNECTIONS} connections, against one transaction each`,
      figure: `${(grouped / alone).toFixed(1)} × (${Math.round(grouped)} against ${Math.round(alone)} events/s)`,
      aim: '≥ 2 ×',
    },
    {
      work: 'the slowest of a hundred of them',
      figure: `${median(p99s).toFixed(0)} ms`,
      aim: '≤ 50 ms',
    },
  ];
}

async function benchBatches(books: BenchBooks, home: string): Promise<Measurement[]> {
  const shares: number[] = [];
  const [sent, copied]: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const clientId = `batches-${round}`;
    const bodies = Array.from({ length: BATCHES }, (_, batch) => ndjson(batch * BATCH, BATCH));
    const whole = await withServer(books, 'grouped', clientId, async (post) => {
      const waiting = [...bodies];
      const send = async () => {
        for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) await post(body);
      };
      return timed(() => Promise.all(Array.from({ length: BATCH_SENDERS }, send)));
    });
    const raw = await copyRaw(books, clientId, join(home, 'batches.csv'));
    if (round === 0) continue;
    sent.push(whole);
    copied.push(raw);
    shares.push(raw / whole);
  }
  const rows = BATCHES * BATCH;
  return [
    {
      work: `NDJSON batches of ${BATCH.toLocaleString('en')} over HTTP, three at a time, against COPY of the same rows`,
      figure: `${percent(median(shares))} (${rate(rows, median(sent))} against ${rate(rows, median(copied))})`,
      aim: '≥ 35 %',
    },
  ];
}

/** The client's rows once more, for another client, by COPY into the same table. */
async function copyRaw({ owner, app }: BenchBooks, clientId: string, path: string) {
  const columns = await columnsToCopy(owner);
  const copyId = `${clientId}-copy`;
  await addBenchClient(app, copyId);
  await query(owner, `insert into users select $2, user_id from users where client_id = $1`, [
    clientId,
    copyId,
  ]);
  return withTransaction(owner, {}, async (connection) => {
    const select = `select '${copyId}', ${columns} from usage_events where client_id = '${clientId}'`;
    await copyToFile(connection, select, path);
    const into = `copy usage_events (client_id, ${columns}) from stdin (format csv, header true)`;
    return timed(() => copyFromFile(connection, into, path));
  });
}

async function columnsToCopy(owner: Pool): Promise<string> {
  const rows = await query<{ name: string }>(
    owner,
    `select column_name::text as name from information_schema.columns
     where table_name = 'usage_events' and table_schema = 'public' order by ordinal_position`,
  );
  return rows.flatMap(({ name }) => (COPIED_EXCEPT.has(name) ? [] : [name])).join(', ');
}

async function benchMemory(books: BenchBooks): Promise<Measurement[]> {
  const rss: number[] = [];
  await withServer(books, 'grouped', 'memory', async (post, memory) => {
    for (let sent = 0; sent < MEMORY_EVENTS; sent += BATCH) {
      await post(ndjson(sent, BATCH));
      if ((sent + BATCH) % (MEMORY_EVENTS / 10) === 0) rss.push(await memory());
    }
  });
  const megabytes = rss.map((bytes) => Math.round(bytes / 1e6));
  return [
    {
      work: `memory of the server over ${MEMORY_EVENTS.toLocaleString('en')} events, by tenths`,
      figure: `${megabytes.join(', ')} MB`,
      aim: 'flat',
    },
  ];
}

type Post = (body: string) => Promise<void>;

async function sendSingles(post: Post): Promise<{ seconds: number; latencies: number[] }> {
  const bodies = Array.from({ length: SINGLES }, (_, index) => JSON.stringify(event(index)));
  const latencies: number[] = [];
  const started = performance.now();
  const send = async () => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
      const before = performance.now();
      await post(body);
      latencies.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, send));
  return { seconds: (performance.now() - started) / 1_000, latencies };
}

/** Serves a new client from a process of its own while `work` sends. */
async function withServer<T>(
  { app, appUrl }: BenchBooks,
  mode: string,
  clientId: string,
  work: (post: Post, memory: () => Promise<number>) => Promise<T>,
): Promise<T> {
  await addBenchClient(app, clientId);
  const token = await createToken(app, { clientId, name: 'bench', scopes: ['usage:write'] });
  const server = fork(join(import.meta.dirname, 'ingest-server.ts'), [appUrl, mode]);
  const ended = once(server, 'exit');
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  try {
    const [{ url }] = (await once(server, 'message')) as [{ url: string }];
    const memory = async () => {
      server.send('memory');
      const [{ rssBytes }] = (await once(server, 'message')) as [{ rssBytes: number }];
      return rssBytes;
    };
    return await work((body) => postUsage(agent, url, token, body), memory);
  } finally {
    agent.destroy();
    server.send('close');
    await ended;
  }
}

function postUsage(agent: Agent, url: string, token: string, body: string): Promise<void> {
  const type = body.includes('\n') ? 'application/x-ndjson' : 'application/json';
  const headers = { authorization: `Bearer ${token}`, 'content-type': type };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/v1/usage`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      const isStored = response.statusCode === 201 || response.statusCode === 200;
      response.on('end', () =>
        isStored ? resolve() : reject(new Error(`the server answered ${response.statusCode}`)),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function ndjson(first: number, count: number): string {
  return Array.from({ length: count }, (_, index) => JSON.stringify(event(first + index))).join(
    '\n',
  );
}

function event(index: number) {
  const at = new Date(Date.UTC(2025, 2, 1) + index * 1_000).toISOString();
  return {
    id: `event-${index}`,
    occurred_at: at,
    provider: 'openai',
    model: index % 3 === 0 ? 'gpt-4o' : 'gpt-4o-mini',
    user_id: `user-${index % 50}`,
    input_tokens: 100 + (index % 5_000),
    output_tokens: 10 + (index % 700),
    cache_read_tokens: index % 100,
    cost: `0.${String(index % 100_000).padStart(6, '0')}`,
    currency: 'USD',
    status: 'success',
    latency_ms: index % 4_000,
  };
}
