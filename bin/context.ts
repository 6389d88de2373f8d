// Opens what commands need, once and only when asked for: configuration, pools, browser, mailer. The
// only place where the parts meet.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseEnv } from 'node:util';
import { type Config, homePaths, loadConfig } from '../core/config.ts';
import { createDiskGuard, type DiskGuard } from '../core/disk.ts';
import { acquireEmbeddedPostgres } from '../core/embedded-postgres.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { createLog, type Log } from '../core/log.ts';
import { isMigrated, migrate } from '../core/migrate.ts';
import { createPool, type Pool } from '../core/postgres.ts';
import {
  APP_ROLE,
  assertServingRole,
  deriveRoleUrl,
  PIPELINE_ROLE,
  type ServingRole,
} from '../core/roles.ts';
import { SQL_DIR } from '../core/sql.ts';
import { syncPricesOnce } from '../ingest/pricing/sync.ts';
import { withCleanWarehouse } from '../pipeline/clean-warehouse.ts';
import { describeWarehouse, type OpenOptions, type Warehouse } from '../pipeline/warehouse.ts';
import { type Browser, closeBrowser, launchBrowser } from '../reports/browser.ts';
import { createOutboxMailer, createSmtpMailer, type Mailer } from '../reports/mailer.ts';
import type { Lifecycle } from './lifecycle.ts';

export const PROJECT_DIR = join(import.meta.dirname, '..');

export interface Context {
  config: Readonly<Config>;
  paths: ReturnType<typeof homePaths>;
  log: Log;
  lifecycle: Lifecycle;
  now: () => Date;
  /** Of the disk that a folder is on; the home's unless another is named. */
  diskGuard(folder?: string): DiskGuard;
  /** True when the books live in the Postgres that Daybook brings. */
  isEmbedded: boolean;
  /** Under row security; for one client at a time. Checked with `assertServable`. */
  appPool(): Promise<Pool>;
  /** The same, unchecked: for a server that starts before its Postgres does. */
  openAppPool(): Promise<Pool>;
  /** The SMS agent's own, so that its work never keeps a webhook waiting for a connection. */
  openAgentPool(): Promise<Pool>;
  /** Reads every client. */
  pipelinePool(): Promise<Pool>;
  /** The owner, who makes logins; row security does not hold a superuser. Throws ERR_CONFIG. */
  ownerPool(): Promise<Pool>;
  ownerUrl(): Promise<string>;
  /** How the serving roles log in. */
  roleUrls(): Promise<Record<ServingRole, string>>;
  /** Brings the books to the newest schema and prices; returns the applied migrations. */
  migrate(): Promise<string[]>;
  /** Where it is, without any secret. */
  describeWarehouse(): string;
  withWarehouse<T>(work: (warehouse: Warehouse) => Promise<T>, options?: OpenOptions): Promise<T>;
  browser(): Promise<Browser>;
  mailer(): Mailer;
}

export interface ContextOptions {
  /** The level of commands that people read the output of. */
  quiet?: boolean;
}

/** Reads the configuration and prepares the rest. Throws ERR_CONFIG. */
export function openContext(lifecycle: Lifecycle, { quiet = false }: ContextOptions = {}): Context {
  const file = readEnvFile();
  const config = loadConfig({ ...file, ...process.env }, PROJECT_DIR, Object.keys(file));
  const paths = homePaths(config.homeDir);
  const isLevelSet = (process.env.LOG_LEVEL ?? file.LOG_LEVEL ?? '') !== '';
  const log = createLog({ level: quiet && !isLevelSet ? 'warn' : config.logLevel });
  const { warehouseUrl: url, duckdbExtensionDir: extensionDir } = config;
  const warehouse = { ...paths, url, extensionDir };
  const books = openBooks(config, paths.postgres, log, lifecycle);
  return {
    config,
    paths,
    log,
    lifecycle,
    now: () => new Date(),
    diskGuard: (folder = config.homeDir) =>
      createDiskGuard({
        folder,
        lowBytes: config.diskLowBytes,
        criticalBytes: config.diskCriticalBytes,
      }),
    ...books,
    describeWarehouse: () => describeWarehouse(warehouse),
    withWarehouse: async (work, options) => {
      const pool = await books.pipelinePool();
      return withCleanWarehouse({ pool, paths: warehouse, log, ...options }, work);
    },
    browser: once(async () => {
      const browser = await launchBrowser(config.chromiumPath, log);
      lifecycle.onEnd(() => closeBrowser(browser));
      return browser;
    }),
    mailer: () => {
      const { smtpUrl } = config;
      return smtpUrl === undefined ? createOutboxMailer(paths.outbox) : createSmtpMailer(smtpUrl);
    },
  };
}

/** What .env sets; the environment itself goes before it. */
function readEnvFile(): Record<string, string | undefined> {
  const path = join(PROJECT_DIR, '.env');
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
}

type Books = Pick<
  Context,
  | 'isEmbedded'
  | 'appPool'
  | 'openAppPool'
  | 'openAgentPool'
  | 'pipelinePool'
  | 'ownerPool'
  | 'ownerUrl'
  | 'roleUrls'
  | 'migrate'
>;

function openBooks(config: Config, embeddedDir: string, log: Log, lifecycle: Lifecycle): Books {
  const { databaseUrl, databaseAppUrl, databasePipelineUrl } = config;
  const isEmbedded = [databaseUrl, databaseAppUrl, databasePipelineUrl].every(
    (url) => url === undefined,
  );
  const ownerUrl = once(async () => {
    if (config.databaseUrl !== undefined) return config.databaseUrl;
    if (!isEmbedded) return undefined;
    const server = await acquireEmbeddedPostgres(embeddedDir);
    lifecycle.onEnd(() => server.release());
    return server.url;
  });
  const roleUrl = async (role: ServingRole) => {
    const explicit = role === APP_ROLE ? config.databaseAppUrl : config.databasePipelineUrl;
    if (explicit !== undefined) return explicit;
    const url = await ownerUrl();
    if (url !== undefined) return deriveRoleUrl(url, role);
    const name = role === APP_ROLE ? 'DATABASE_APP_URL' : 'DATABASE_PIPELINE_URL';
    throw new AppError('ERR_CONFIG', `${name} is not set`, {
      fix: 'set it, or DATABASE_URL; see .env.example',
    });
  };
  const open = (url: string, applicationName: string, max: number) => {
    const pool = createPool({ url, applicationName, log, max });
    lifecycle.onEnd(() => pool.end());
    return pool;
  };
  const requireOwnerUrl = async () => {
    const url = await ownerUrl();
    if (url !== undefined) return url;
    throw new AppError('ERR_CONFIG', 'DATABASE_URL, the owner’s login, is not set', {
      fix: 'set it in the environment or in .env, as .env.example describes',
    });
  };
  const roleUrls = async () => ({
    [APP_ROLE]: await roleUrl(APP_ROLE),
    [PIPELINE_ROLE]: await roleUrl(PIPELINE_ROLE),
  });
  const runMigrations = once(async () => {
    const owner = open(await requireOwnerUrl(), 'daybook migrate', 2);
    const applied = await migrate({ owner, roleUrls: await roleUrls(), log });
    await syncPricesOnce(owner, new Date());
    return applied;
  });
  const opened = (role: ServingRole, max: number) =>
    once(async () => {
      // The embedded server is ours alone: it always has the newest schema.
      if (isEmbedded) await runMigrations();
      return open(await roleUrl(role), `daybook ${role}`, max);
    });
  const checked = (openPool: () => Promise<Pool>) =>
    once(async () => {
      const pool = await openPool();
      await assertServable(pool);
      return pool;
    });
  const openAppPool = opened(APP_ROLE, 10);
  return {
    isEmbedded,
    openAppPool,
    openAgentPool: opened(APP_ROLE, 10),
    appPool: checked(openAppPool),
    pipelinePool: checked(opened(PIPELINE_ROLE, 4)),
    ownerPool: once(async () => open(await requireOwnerUrl(), 'daybook owner', 1)),
    ownerUrl: requireOwnerUrl,
    roleUrls,
    migrate: runMigrations,
  };
}

// SQLSTATE: invalid authorization, invalid password, undefined table, insufficient privilege.
const NOT_MIGRATED = new Set(['28000', '28P01', '42P01', '42501']);

/** Throws ERR_CONFIG when the login is too strong or the books lack a migration of this version. */
export async function assertServable(pool: Pool): Promise<void> {
  const files = readdirSync(join(SQL_DIR, 'postgres', 'migrations')).map((file) =>
    basename(file, '.sql'),
  );
  const fix = 'check the login; if the books are new, run: npm run daybook -- migrate';
  try {
    await assertServingRole(pool);
    if (await isMigrated(pool, files)) return;
  } catch (cause) {
    if (!NOT_MIGRATED.has((cause as { code?: string }).code ?? '')) throw cause;
    throw new AppError(
      'ERR_CONFIG',
      `the books are not set up for this login: ${messageOf(cause)}`,
      { cause, fix },
    );
  }
  throw new AppError('ERR_CONFIG', 'the books are of an older version', { fix });
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
