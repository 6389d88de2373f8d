// Recording: single events with and without group commit, batches against raw COPY of the same rows
// into the same table, and the server's memory over a million events.
import { join } from 'node:path';
import { copyFromFile, copyToFile, type Pool, query, withTransaction } from '../core/postgres.ts';
import { addBenchClient, type BenchBooks, withBenchBooks } from './books.ts';
import { CONNECTIONS, event, ndjson, type Post, withServer } from './load.ts';
import { type Measurement, median, percent, quantile, rate, timed } from './measure.ts';
import { exportRequest } from './spans.ts';

// One transaction each is slow; fewer of them tell the same.
const SINGLES: Record<string, number> = { alone: 4_000, grouped: 15_000 };
const WARM_UP = 3_000;
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
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const mode of ['alone', 'grouped']) {
      const { rate: perSecond, latencies } = await withServer(
        books,
        mode,
        `${mode}-${round}`,
        (post) => sendSingles(post, SINGLES[mode] ?? 0),
      );
      rates[mode]?.push(perSecond);
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
  const times: Record<'native' | 'otlp' | 'raw', number[]> = { native: [], otlp: [], raw: [] };
  const firsts = Array.from({ length: BATCHES }, (_, batch) => batch * BATCH);
  const bodies = firsts.map((first) => ndjson(first, BATCH));
  const requests = firsts.map((first) => exportRequest(first, BATCH));
  for (let round = 0; round <= ROUNDS; round += 1) {
    const native = await withServer(books, 'grouped', `native-${round}`, sendAll(bodies));
    const otlp = await withServer(books, 'grouped', `otlp-${round}`, sendAll(requests));
    const raw = await copyRaw(books, `native-${round}`, join(home, 'batches.csv'));
    if (round === 0) continue;
    times.native.push(native);
    times.otlp.push(otlp);
    times.raw.push(raw);
  }
  const rows = BATCHES * BATCH;
  const [native, otlp, raw] = [median(times.native), median(times.otlp), median(times.raw)];
  const share = (of: number[], against: number[]) =>
    percent(median(of.map((time, round) => (against[round] ?? 0) / time)));
  return [
    {
      work: `NDJSON of ${BATCH.toLocaleString('en')} events over HTTP, three at a time, against COPY of the same rows`,
      figure: `${share(times.native, times.raw)} (${rate(rows, native)} against ${rate(rows, raw)})`,
      aim: '≥ 35 %',
    },
    {
      work: 'the same calls as OTLP protobuf, against NDJSON',
      figure: `${share(times.otlp, times.native)} (${rate(rows, otlp)})`,
      aim: '≥ 50 %',
    },
  ];
}

function sendAll(bodies: (string | Uint8Array)[]) {
  return (post: Post) => {
    const waiting = [...bodies];
    const send = async () => {
      for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) await post(body);
    };
    return timed(() => Promise.all(Array.from({ length: BATCH_SENDERS }, send)));
  };
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
    const own = `from usage_events where client_id = '${clientId}'`;
    await copyToFile(connection, `select '${copyId}', ${columns} ${own}`, path);
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

/** Sends WARM_UP events that do not count, because a fresh process compiles its code, then `count`. */
async function sendSingles(post: Post, count: number) {
  await sendFrom(post, 0, WARM_UP);
  const started = performance.now();
  const latencies = await sendFrom(post, WARM_UP, count);
  return { rate: (count / (performance.now() - started)) * 1_000, latencies };
}

async function sendFrom(post: Post, first: number, count: number): Promise<number[]> {
  const bodies = Array.from({ length: count }, (_, index) => JSON.stringify(event(first + index)));
  const latencies: number[] = [];
  const send = async () => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
      const before = performance.now();
      await post(body);
      latencies.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, send));
  return latencies;
}
