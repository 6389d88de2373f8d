// What tests of the usage API share: the real application on loopback, over books of its own, and a
// client that holds a token. Never imported outside tests.
import type { Log } from '../core/log.ts';
import { query } from '../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  rememberingLog,
  type TestBooks,
} from '../core/test-support.ts';
import { createAuthenticator, createToken } from './api/tokens.ts';
import { startIngest } from './server.ts';
import { createGroupedStore } from './store/group-commit.ts';

export interface TestAnswer {
  status: number;
  headers: Headers;
  text: string;
  // Any shape: each test checks the one that it expects.
  body: {
    [field: string]: unknown;
    error?: { code: string; message: string };
    results?: unknown[];
  };
}

export interface TestApi {
  books: TestBooks;
  url: string;
  /** A token of the client "acme" that may write usage. */
  token: string;
  log: Log;
  lines: Record<string, unknown>[];
  send(path: string, init?: RequestInit): Promise<TestAnswer>;
  /** Posts to the usage endpoint with the token, as JSON unless the headers say otherwise. */
  post(body: RequestInit['body'], headers?: Record<string, string>): Promise<TestAnswer>;
  close(): Promise<void>;
}

/** Serves freshly migrated books with one client, "acme". Close it in `afterAll`. */
export async function serveTestBooks(
  options: { requestTimeoutMs?: number } = {},
): Promise<TestApi> {
  const books = await createTestBooks();
  const { log, lines } = rememberingLog();
  await addTestClient(books.app);
  const token = await createToken(books.app, {
    clientId: 'acme',
    name: 'test',
    scopes: ['usage:write'],
  });
  const deps = {
    authenticate: createAuthenticator(books.app),
    storeUsage: createGroupedStore(books.app),
    checkReady: async () => void (await query(books.app, 'select 1')),
    log,
  };
  const server = await startIngest(deps, { host: '127.0.0.1', port: 0, ...options });
  const send = async (path: string, init: RequestInit = {}): Promise<TestAnswer> => {
    const response = await fetch(`${server.url}${path}`, init);
    const { status, headers } = response;
    const text = await response.text();
    return { status, headers, text, body: text.startsWith('{') ? JSON.parse(text) : {} };
  };
  const post: TestApi['post'] = (body, headers = {}) => {
    const own = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return send('/v1/usage', {
      method: 'POST',
      body: body ?? null,
      headers: { ...own, ...headers },
    });
  };
  const close = async () => {
    await server.close();
    await books.close();
  };
  return { books, url: server.url, token, log, lines, send, post, close };
}
