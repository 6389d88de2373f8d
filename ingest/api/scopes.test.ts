// Rules of scopes, asked of every route there is: a write-only token may record and nothing else, a
// token that may not write records nothing.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  addTestClient,
  createTestBooks,
  silentLog,
  type TestBooks,
} from '../../core/test-support.ts';
import { createApp, type IngestDeps } from '../app.ts';
import { createUsageStore } from '../store/usage-events.ts';
import { type Authenticate, createAuthenticator, createToken, type Scope } from './tokens.ts';

/** Open to everybody: they say that the process lives, can store, and what it understands. */
const OPEN = new Set(['/healthz', '/readyz', '/api/public/health', '/openapi.json']);
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
/** Unknown token, missing scope, no such thing, no such method. */
const REFUSED = new Set([401, 403, 404, 405]);

let books: TestBooks;

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
});

afterAll(() => books.close());

/** What the routes of a real application let in, as `METHOD /path`. */
async function accepted(scopes: Scope[], authenticate?: Authenticate): Promise<string[]> {
  const token = await createToken(books.app, { clientId: 'acme', name: 'test', scopes });
  const deps: IngestDeps = {
    authenticate: authenticate ?? createAuthenticator(books.app),
    storeUsage: createUsageStore(books.app),
    checkReady: async () => undefined,
    log: silentLog(),
  };
  const app = createApp(deps);
  const paths = app.router.stack.flatMap(({ route }) => (route === undefined ? [] : [route.path]));
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const found: string[] = [];
  for (const path of new Set(paths.filter((candidate) => !OPEN.has(candidate)))) {
    for (const method of METHODS) {
      const headers = { authorization: `Bearer ${token}` };
      const concrete = path.replaceAll(/:\w+/g, 'x');
      const { status } = await fetch(`${url}${concrete}`, { method, headers });
      if (!REFUSED.has(status)) found.push(`${method} ${path}`);
    }
  }
  await new Promise((resolve) => server.close(resolve));
  return found;
}

test('a write-only token may post and nothing else, on any route', async () => {
  const found = await accepted(['usage:write']);
  expect(found).toContain('POST /v1/usage');
  expect(found.filter((route) => !route.startsWith('POST '))).toEqual([]);
});

test('a token without the scope to write is let in nowhere', async () => {
  expect(await accepted(['reports:read'])).toEqual([]);
});

test('a route that asks for no scope would be seen (control)', async () => {
  const lax: Authenticate = async () => ({ clientId: 'acme', scopes: ['usage:write'] });
  expect(await accepted(['reports:read'], lax)).toContain('POST /v1/usage');
});
