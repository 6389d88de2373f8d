// Bearer tokens: 256 random bits, of which only a sha256 is stored, scoped to one client.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../core/errors.ts';
import { type Pool, query, withTransaction } from '../../core/postgres.ts';
import { shareNextRun } from '../../core/share-run.ts';
import { loadSql } from '../../core/sql.ts';

export const SCOPES = ['usage:write', 'reports:read'] as const;
export type Scope = (typeof SCOPES)[number];

/** Whose token was presented and what it may do. */
export interface Identity {
  clientId: string;
  scopes: string[];
}

/** Resolves the identity behind an Authorization header. Throws ERR_AUTH. */
export type Authenticate = (header: string | undefined) => Promise<Identity>;

const TOKEN = /^Bearer +dbk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/i;

/** Makes the lookup. Unknown, revoked and malformed tokens are told alike. */
export function createAuthenticator(pool: Pool): Authenticate {
  const find = shareNextRun((id: string) => findToken(pool, id));
  return async (header) => {
    const [, id, secret] = TOKEN.exec(header ?? '') ?? [];
    if (id === undefined || secret === undefined) throw unauthorised();
    const row = await find(id.toLowerCase());
    if (row === undefined || !timingSafeEqual(row.secret_hash, hashSecret(secret)))
      throw unauthorised();
    if (row.revoked_at !== null) throw unauthorised();
    return { clientId: row.client_id, scopes: row.scopes };
  };
}

/** A Basic header's password as a bearer token; any other header as it is. */
export function bearerOf(header: string | undefined): string | undefined {
  const basic = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(header ?? '')?.[1];
  if (basic === undefined) return header;
  const pair = Buffer.from(basic, 'base64').toString();
  return `Bearer ${pair.slice(pair.indexOf(':') + 1)}`;
}

/** Throws ERR_SCOPE unless the identity holds the scope. */
export function requireScope(identity: Identity, scope: Scope): void {
  if (identity.scopes.includes(scope)) return;
  throw new AppError('ERR_SCOPE', `this token does not hold the scope "${scope}"`, {
    fix: `make one that does: npm run daybook -- tokens create --client ${identity.clientId} --scope ${scope}`,
  });
}

/** Creates a token and returns it in clear text, the only time that it can be seen. */
export async function createToken(
  pool: Pool,
  { clientId, name, scopes }: { clientId: string; name: string; scopes: readonly Scope[] },
): Promise<string> {
  const id = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  await withTransaction(pool, { clientId }, (connection) =>
    query(connection, loadSql('postgres/queries/insert_token'), [
      clientId,
      id,
      hashSecret(secret),
      name,
      scopes,
    ]),
  );
  return `dbk_${id}_${secret}`;
}

/** Revokes a client's token, given whole or by its id. Throws ERR_NOT_FOUND when none was valid. */
export async function revokeToken(
  pool: Pool,
  clientId: string,
  token: string,
  now: Date,
): Promise<void> {
  const id = /^(?:dbk_)?([0-9a-f]{16})(?:_|$)/.exec(token)?.[1] ?? '';
  const revoked = await withTransaction(pool, { clientId }, (connection) =>
    query(connection, loadSql('postgres/queries/revoke_token'), [id, now]),
  );
  if (revoked.length > 0) return;
  throw new AppError(
    'ERR_NOT_FOUND',
    `client "${clientId}" has no valid token "${id === '' ? token.slice(0, 20) : id}"`,
    {
      fix: 'give the token, or the 16 characters after "dbk_"',
    },
  );
}

interface TokenRow extends Record<string, unknown> {
  client_id: string;
  secret_hash: Buffer;
  scopes: string[];
  revoked_at: Date | null;
}

async function findToken(pool: Pool, id: string): Promise<TokenRow | undefined> {
  const [row] = await query<TokenRow>(pool, loadSql('postgres/queries/select_token'), [id]);
  return row;
}

function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function unauthorised(): AppError {
  return new AppError('ERR_AUTH', 'the bearer token is missing, unknown or revoked', {
    fix: 'send "Authorization: Bearer dbk_…"; make a token with: npm run daybook -- tokens create --help',
  });
}
