// Brings the books to the newest schema: roll-forward SQL files under sql/postgres/migrations, each
// in its own transaction, one migrator at a time.
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import { AppError, messageOf } from './errors.ts';
import type { Log } from './log.ts';
import { type Pool, query } from './postgres.ts';
import { ensureRoles, type ServingRole } from './roles.ts';
import { SQL_DIR } from './sql.ts';

// Any fixed number; all Daybook migrators of a database take the same lock.
const MIGRATION_LOCK = 7_316_204;

export interface MigrateOptions {
  owner: Pool;
  roleUrls: Record<ServingRole, string>;
  log: Log;
}

/** Applies what is missing and returns the names of the applied files. Safe to run at any time. */
export async function migrate({ owner, roleUrls, log }: MigrateOptions): Promise<string[]> {
  const connection = await owner.connect().catch((cause: unknown) => {
    throw new AppError('ERR_CONFIG', `the owner cannot log in: ${messageOf(cause)}`, {
      cause,
      fix: 'check host, port, database, user and password of DATABASE_URL',
    });
  });
  try {
    await connection.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await ensureRoles(connection, roleUrls);
    const applied = await runner({
      dbClient: connection,
      dir: join(SQL_DIR, 'postgres', 'migrations'),
      direction: 'up',
      migrationsTable: 'schema_migrations',
      // The lock above waits for its turn; the runner's own would fail at once.
      noLock: true,
      log: (message) => log.debug('migration.said', { message }),
    });
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

/** True when every migration file has been applied. */
export async function isMigrated(pool: Pool, expected: string[]): Promise<boolean> {
  const rows = await query<{ name: string }>(pool, 'select name from schema_migrations');
  const applied = new Set(rows.map((row) => row.name));
  return expected.every((name) => applied.has(name));
}
