// The database roles. Each process logs in as the weakest role that can do its work: the owner
// migrates, `daybook_app` serves under row security, `daybook_pipeline` reads everything. People and
// applications that ask in SQL have logins of their own (core/logins.ts), in one of two groups.
import { createHmac } from 'node:crypto';
import { AppError } from './errors.ts';
import { type Connection, type Pool, query } from './postgres.ts';

export const APP_ROLE = 'daybook_app';
export const PIPELINE_ROLE = 'daybook_pipeline';
/** Reads the calls of its login's client, without personal data. Nobody logs in as it. */
export const ANALYST_GROUP = 'daybook_analyst';
/** An analyst who also sees personal data and keeps profiles. Nobody logs in as it. */
export const APPLICATION_GROUP = 'daybook_application';
// Roles belong to the whole server, and migrators of two databases do not see each other's lock.
const CREATED_BY_ANOTHER = new Set(['42710', '23505']);
/** internal_error, which is how Postgres says "tuple concurrently updated". */
const CONCURRENTLY_UPDATED = 'XX000';
const ALTER_ATTEMPTS_MAX = 50;

export type ServingRole = typeof APP_ROLE | typeof PIPELINE_ROLE;

/**
 * The connection string of a serving role, made from the owner's: same server, own login. Its
 * password is derived from the owner's, so one secret configures a simple installation; where the
 * owner has none (trust or peer login), the role has none either.
 */
export function deriveRoleUrl(ownerUrl: string, role: ServingRole): string {
  const url = new URL(ownerUrl);
  url.password = derivePassword(decodeURIComponent(url.password), role);
  url.username = role;
  return url.toString();
}

/** Creates the roles where they are missing; serving ones get the passwords of their URLs. */
export async function ensureRoles(
  owner: Connection,
  urls: Record<ServingRole, string>,
): Promise<void> {
  for (const role of [APP_ROLE, PIPELINE_ROLE] as const) {
    const url = new URL(urls[role]);
    // A login of another name is the administrator's: he grants it the role and its password.
    const password = url.username === role ? decodeURIComponent(url.password) : '';
    await createRole(owner, role, 'login');
    if (password !== '') await setPassword(owner, role, password);
  }
  await createRole(owner, ANALYST_GROUP, 'nologin');
  await createRole(owner, APPLICATION_GROUP, `nologin in role ${ANALYST_GROUP}`);
}

/** Refuses to serve with a login that row security would not hold. Throws ERR_CONFIG. */
export async function assertServingRole(pool: Pool): Promise<void> {
  const [role] = await query<{ name: string; unsafe: boolean }>(
    pool,
    `select rolname as name, rolsuper or rolbypassrls as unsafe
     from pg_roles where rolname in (current_user, session_user) order by unsafe desc limit 1`,
  );
  if (role?.unsafe) {
    throw new AppError(
      'ERR_CONFIG',
      `refusing to serve as "${role.name}": row security does not hold it`,
      {
        fix: 'set DATABASE_APP_URL and DATABASE_PIPELINE_URL to logins that are not superusers',
      },
    );
  }
}

function derivePassword(ownerPassword: string, role: ServingRole): string {
  if (ownerPassword === '') return '';
  return createHmac('sha256', ownerPassword).update(`daybook role ${role}`).digest('hex');
}

async function createRole(owner: Connection, role: string, options: string): Promise<void> {
  const found = await query(owner, 'select 1 from pg_roles where rolname = $1', [role]);
  if (found.length > 0) return;
  await owner.query(`create role ${role} ${options}`).catch((cause: { code?: string }) => {
    if (CREATED_BY_ANOTHER.has(cause.code ?? '')) return;
    throw new AppError('ERR_CONFIG', `the owner login may not create the role ${role}`, {
      cause,
      fix: `create it as an administrator: create role ${role} ${options}`,
    });
  });
}

async function setPassword(owner: Connection, role: ServingRole, password: string): Promise<void> {
  // Utility statements take no parameters; format() with %L quotes the literal on the server.
  const [row] = await query<{ statement: string }>(
    owner,
    `select format('alter role ${role} password %L', $1::text) as statement`,
    [password],
  );
  for (let attempt = 1; ; attempt += 1) {
    try {
      await query(owner, row?.statement ?? '');
      return;
    } catch (error) {
      const isRetried = (error as { code?: string }).code === CONCURRENTLY_UPDATED;
      if (!isRetried || attempt === ALTER_ATTEMPTS_MAX) throw error;
    }
  }
}
