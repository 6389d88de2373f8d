// Load for benchmarks of the ingest server: a server process over the books, and events to send it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { createToken } from '../ingest/api/tokens.ts';
import { addBenchClient, type BenchBooks } from './books.ts';

export const CONNECTIONS = 64;

/** Sends one body: text as native events, bytes as an OTLP export. Throws where it is not stored. */
export type Post = (body: string | Uint8Array) => Promise<void>;

/** Serves a new client from a process of its own while `work` sends. */
export async function withServer<T>(
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

function postUsage(agent: Agent, url: string, token: string, body: string | Uint8Array) {
  const [path, type] =
    typeof body !== 'string'
      ? ['/v1/traces', 'application/x-protobuf']
      : ['/v1/usage', body.includes('\n') ? 'application/x-ndjson' : 'application/json'];
  const headers = { authorization: `Bearer ${token}`, 'content-type': type };
  return new Promise<void>((resolve, reject) => {
    const sent = request(`${url}${path}`, { method: 'POST', agent, headers }, (response) => {
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

/** So many events, one a line. */
export function ndjson(first: number, count: number): string {
  return Array.from({ length: count }, (_, index) => JSON.stringify(event(first + index))).join(
    '\n',
  );
}

/** One of the generated events, as a native one. */
export function event(index: number) {
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
