// Rules of bearer tokens: only a hash is stored, one client each, and no hint why one is refused.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query } from '../../core/postgres.ts';
import { addTestClient, createTestBooks, type TestBooks } from '../../core/test-support.ts';
import { createAuthenticator, createToken, requireScope, revokeToken } from './tokens.ts';

const NOW = new Date('2025-03-18T09:30:00Z');

let books: TestBooks;

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
  await addTestClient(books.app, { clientId: 'other' });
});

afterAll(() => books.close());

const create = (clientId = 'acme') =>
  createToken(books.app, { clientId, name: 'test', scopes: ['usage:write'] });
const authenticate = (header?: string) => createAuthenticator(books.app)(header);
const idOf = (token: string) => token.slice('dbk_'.length, 'dbk_'.length + 16);

/** Code, message and fix, which must not tell one refusal from another. */
async function refusal(header?: string): Promise<unknown> {
  try {
    await authenticate(header);
  } catch (error) {
    const { code, message, fix } = error as { code?: string; message: string; fix?: string };
    return { code, message, fix };
  }
  return undefined;
}

test('a token names its client and its scopes', async () => {
  const token = await create();
  expect(await authenticate(`Bearer ${token}`)).toEqual({
    clientId: 'acme',
    scopes: ['usage:write'],
  });
  expect(await authenticate(`bearer ${token}`)).toHaveProperty('clientId', 'acme');
});

test('each token is another, and holds 256 random bits', async () => {
  const tokens = await Promise.all(Array.from({ length: 20 }, () => create()));
  expect(new Set(tokens.map((token) => token.slice(-43))).size).toBe(20);
  for (const token of tokens) expect(token).toMatch(/^dbk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
});

test('the books hold the sha256 of the secret and never the secret', async () => {
  const token = await create();
  const secret = token.slice(-43);
  const rows = await query<{ row: string; secret_hash: Buffer }>(
    books.owner,
    'select api_tokens::text as row, secret_hash from api_tokens where token_id = $1',
    [idOf(token)],
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]?.row).not.toContain(secret);
  expect(rows[0]?.secret_hash).toEqual(createHash('sha256').update(secret).digest());
});

describe('a refusal', () => {
  test('is the same for every reason', async () => {
    const token = await create();
    const revoked = await create();
    await revokeToken(books.app, 'acme', revoked, NOW);
    const otherSecret = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    const headers = [
      undefined,
      '',
      'Bearer',
      `Bearer ${token}x`,
      token,
      `Basic ${token}`,
      `Bearer ${otherSecret}`,
      `Bearer ${revoked}`,
      `Bearer dbk_${'0'.repeat(16)}_${token.slice(-43)}`,
      `Bearer ${token}, ${token}`,
      `Bearer ${token.replace('_', "_' or 1=1 --")}`,
      `Bearer ${token}\n`,
    ];
    const refusals = await Promise.all(headers.map(refusal));
    for (const [index, found] of refusals.entries())
      expect([headers[index], found]).toEqual([headers[index], refusals[0]]);
    expect(refusals[0]).toMatchObject({ code: 'ERR_AUTH' });
    expect(await refusal(`Bearer ${token}`)).toBeUndefined();
  });

  test('for a scope names the scope that is missing', async () => {
    const identity = await authenticate(`Bearer ${await create()}`);
    requireScope(identity, 'usage:write');
    expect(() => requireScope(identity, 'reports:read')).toThrow(
      expect.objectContaining({
        code: 'ERR_SCOPE',
        message: expect.stringContaining('reports:read'),
      }),
    );
  });
});

describe('revoking', () => {
  test.each([
    ['the whole token', (token: string) => token],
    ['its id', idOf],
    ['its id with the prefix', (token: string) => `dbk_${idOf(token)}`],
  ])('takes %s, works at once and only once', async (_form, formOf) => {
    const token = await create();
    await revokeToken(books.app, 'acme', formOf(token), NOW);
    expect(await refusal(`Bearer ${token}`)).toMatchObject({ code: 'ERR_AUTH' });
    const again = revokeToken(books.app, 'acme', formOf(token), NOW);
    await expect(again).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
  });

  test('cannot reach the token of another client', async () => {
    const token = await create('other');
    const attempt = revokeToken(books.app, 'acme', token, NOW);
    await expect(attempt).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
    expect(await authenticate(`Bearer ${token}`)).toHaveProperty('clientId', 'other');
  });

  test('never repeats the secret in its error', async () => {
    const token = await create('other');
    const error = await revokeToken(books.app, 'acme', token, NOW).catch((thrown: Error) => thrown);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(
      token.slice(-43),
    );
  });
});
