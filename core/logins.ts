// Postgres logins of analysts and applications: made, listed and removed by the owner. What a login
// sees is decided by its row of database_logins and by row security, never by what it sets itself.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { AppError, messageOf } from './errors.ts';
import { type Connection, type Pool, query, withTransaction } from './postgres.ts';
import { ANALYST_GROUP, APPLICATION_GROUP } from './roles.ts';
import { loadSql } from './sql.ts';

export const LOGIN_KINDS = ['analyst', 'service', 'user'] as const;
/** `analyst`: a client's calls without personal data; `service`: all of it; `user`: his own. */
export type LoginKind = (typeof LOGIN_KINDS)[number];

export interface NewLogin {
  clientId: string;
  /** The one user it is for; only and always with the kind `user`. */
  userId: string | null;
  kind: LoginKind;
  label: string;
}

export interface Login extends NewLogin {
  role: string;
  createdAt: Date;
}

const CONNECTIONS_MAX = 10;
/** Where a session starts; compiling our answers takes longer than running them (1.3 s of 1.9 s). */
const SETTINGS = { jit: 'off', statement_timeout: '5min' };
const SCRAM_ITERATIONS = 4096;
const TERMINATE_TIMEOUT_MS = 5_000;
/** SQLSTATE: undefined object, insufficient privilege. */
const REFUSED = new Set(['42704', '42501']);

/**
 * Creates a login and returns its role and password, which is kept nowhere. The name is random: any
 * login of the server can read all role names, and must not learn other clients' from them.
 */
export async function createLogin(
  owner: Pool,
  login: NewLogin,
): Promise<{ role: string; password: string }> {
  const role = `daybook_login_${randomBytes(8).toString('hex')}`;
  const password = randomBytes(24).toString('base64url');
  const group = login.kind === 'analyst' ? ANALYST_GROUP : APPLICATION_GROUP;
  await withTransaction(owner, {}, async (connection) => {
    await makeRole(connection, role, password, group);
    await query(connection, loadSql('postgres/queries/insert_login'), [
      role,
      login.clientId,
      login.userId,
      login.kind,
      login.label,
    ]);
  });
  return { role, password };
}

/** All logins of all clients, for a pool that sees all. */
export async function listLogins(pool: Pool): Promise<Login[]> {
  const rows = await query<{
    role_name: string;
    client_id: string;
    user_id: string | null;
    kind: LoginKind;
    label: string;
    created_at: Date;
  }>(pool, loadSql('postgres/queries/select_logins'));
  return rows.map((row) => ({
    role: row.role_name,
    clientId: row.client_id,
    userId: row.user_id,
    kind: row.kind,
    label: row.label,
    createdAt: row.created_at,
  }));
}

/** Ends a login and its sessions. Throws ERR_NOT_FOUND for a role that is no login of ours. */
export async function removeLogin(owner: Pool, role: string): Promise<void> {
  const logins = await listLogins(owner);
  if (!logins.some((login) => login.role === role)) {
    throw new AppError('ERR_NOT_FOUND', `there is no login "${role}"`, {
      fix: 'see the logins with: npm run daybook -- logins list',
    });
  }
  // First shut the door, then empty the room: a client that lost its session would be back at once.
  await runStatement(owner, `select format('alter role %I nologin', $1::text) as statement`, [
    role,
  ]);
  await query(owner, loadSql('postgres/queries/end_sessions'), [role, TERMINATE_TIMEOUT_MS]).catch(
    (error: { code?: string }) => {
      // Without the right to end them, open sessions stay; with their row gone they see nothing.
      if (!REFUSED.has(error.code ?? '')) throw error;
    },
  );
  await query(owner, loadSql('postgres/queries/delete_login'), [role]);
  await runStatement(owner, `select format('drop role %I', $1::text) as statement`, [role]);
}

/** The connection string of a login: the owner's server and database, its own name. */
export function loginUrl(ownerUrl: string, role: string, password: string): string {
  const url = new URL(ownerUrl);
  url.username = role;
  url.password = password;
  return url.toString();
}

async function makeRole(
  connection: Connection,
  role: string,
  password: string,
  group: string,
): Promise<void> {
  try {
    await runStatement(
      connection,
      `select format('create role %I login connection limit ${CONNECTIONS_MAX}
         password %L in role ${group}', $1::text, $2::text) as statement`,
      [role, scramVerifier(password)],
    );
    for (const [setting, value] of Object.entries(SETTINGS)) {
      const sql = `select format('alter role %I set ${setting} = %L', $1::text, $2::text)
        as statement`;
      await runStatement(connection, sql, [role, value]);
    }
  } catch (cause) {
    if (!REFUSED.has((cause as { code?: string }).code ?? '')) throw cause;
    throw new AppError('ERR_CONFIG', `the login cannot be made: ${messageOf(cause)}`, {
      cause,
      fix: 'let the owner of DATABASE_URL create roles, then run: npm run daybook -- migrate',
    });
  }
}

/** Utility statements take no parameters; format() quotes them on the server. */
async function runStatement(db: Pool | Connection, sql: string, values: string[]): Promise<void> {
  const [row] = await query<{ statement: string }>(db, sql, values);
  await query(db, row?.statement ?? '');
}

/** What Postgres keeps of a password (RFC 5803), so that its logs never see the password itself. */
function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, SCRAM_ITERATIONS, 32, 'sha256');
  const keyOf = (name: string) => createHmac('sha256', salted).update(name).digest();
  const stored = createHash('sha256').update(keyOf('Client Key')).digest('base64');
  const server = keyOf('Server Key').toString('base64');
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${stored}:${server}`;
}
