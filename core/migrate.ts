// Brings the books to the newest schema: roll-forward SQL files under sql/postgres/migrations, each
// in its own transaction, one migrator at a time.
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import { AppError, messageOf } from './errors.ts';
import type { Log } from './log.ts';
import { type Connection, type Pool, query } from './postgres.ts';
import { ensureRoles, type ServingRole } from './roles.ts';
import { loadSql, SQL_DIR } from './sql.ts';

// Any fixed number; all Daybook migrators of a database take the same lock.
const MIGRATION_LOCK = 7_316_204;

export interface MigrateOptions {
  owner: Pool;
  roleUrls: Record<ServingRole, string>;
  log: Log;
  /** Stops after so many files in all, for books that come from an older backup. */
  fileCount?: number;
}

/** Applies what is missing and returns the names of the applied files. Safe to run at any time. */
export async function migrate({
  owner,
  roleUrls,
  log,
  fileCount,
}: MigrateOptions): Promise<string[]> {
  const connection = await owner.connect().catch((cause: unknown) => {
    throw new AppError('ERR_CONFIG', `the owner cannot log in: ${messageOf(cause)}`, {
      cause,
      fix: 'check host, port, database, user and password of DATABASE_URL',
    });
  });
  try {
    await connection.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await ensureRoles(connection, roleUrls);
    const count =
      fileCount === undefined ? undefined : fileCount - (await countApplied(connection));
    if (count !== undefined && count <= 0) return [];
    const applied = await runner({
      ...(count === undefined ? {} : { count }),
      dbClient: connection,
      dir: join(SQL_DIR, 'postgres', 'migrations'),
      direction: 'up',
      migrationsTable: 'schema_migrations',
      // The lock above waits for its turn; the runner's own would fail at once.
      noLock: true,
      log: (message) => log.debug('migration.said', { message }),
    });
    await connection.query(loadSql('postgres/queries/let_owner_keep'));
    return applied.map((migration) => migration.name);
  } catch (cause) {
    throw new AppError('ERR_SQL', `the migration failed: ${messageOf(cause)}`, { cause });
  } finally {
    await connection
      .query('select pg_advisory_unlock($1)', [MIGRATION_LOCK])
      .catch(() => undefined);
    connection.release();
  }
}

async function countApplied(connection: Connection): Promise<number> {
  const [known] = await query<{ is_there: boolean }>(
    connection,
    `select to_regclass('public.schema_migrations') is not null as is_there`,
  );
  if (!known?.is_there) return 0;
  return (await query(connection, 'select 1 from schema_migrations')).length;
}

/** True when every migration file has been applied. */
export async function isMigrated(pool: Pool, expected: string[]): Promise<boolean> {
  const rows = await query<{ name: string }>(pool, 'select name from schema_migrations');
  const applied = new Set(rows.map((row) => row.name));
  return expected.every((name) => applied.has(name));
}
