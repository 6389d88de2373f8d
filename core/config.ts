// The only reader of environment variables. Everything is checked at once, and one error lists
// every problem with the variable, the value seen, what is expected and an example.
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { AppError } from './errors.ts';
import { readSmsConfig, SMS_VARIABLES, type SmsConfig } from './sms-config.ts';

export interface Config {
  /** Where local state lives: embedded Postgres, warehouse, archive, outbox. */
  homeDir: string;
  /** The owner's connection string; undefined means the embedded server. */
  databaseUrl: string | undefined;
  databaseAppUrl: string | undefined;
  databasePipelineUrl: string | undefined;
  host: string;
  port: number;
  metricsHost: string;
  /** Where each serves /metrics and /healthz; undefined: nowhere. */
  metricsPort: number | undefined;
  workerMetricsPort: number | undefined;
  /** Where the warehouse is; undefined: a file under the home. May hold a secret. */
  warehouseUrl: string | undefined;
  /** Whence DuckDB loads what a shared warehouse needs; undefined: from where it downloads. */
  duckdbExtensionDir: string | undefined;
  /** Below these, what can wait waits, and nothing is stored; undefined: by the disk's size. */
  diskLowBytes: number | undefined;
  diskCriticalBytes: number | undefined;
  smtpUrl: string | undefined;
  mailFrom: string;
  chromiumPath: string | undefined;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  sms: SmsConfig;
}

interface Variable {
  schema: z.ZodType;
  expects: string;
  example: string;
  secret?: true;
}

/** What looks like an address must be one that the warehouse knows. */
const WAREHOUSE_URL = /^(?:ducklake:postgres:.+|md:\S+|(?![a-z]\w+:)[^\0?]+)$/;

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ }).optional();
const url = (example: string): Variable => ({
  schema: postgresUrl,
  expects: 'a connection string that starts with postgres://',
  example,
  secret: true,
});

const port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .pipe(z.int().max(65535));
const address = z.string().regex(/^[A-Za-z0-9.:-]+$/);
const metricsPort = (example: string): Variable => ({
  schema: port.optional(),
  expects: 'a whole number from 0 to 65535',
  example,
});

const megabytes = (example: string): Variable => ({
  schema: z
    .string()
    .regex(/^[1-9]\d{0,8}$/)
    .transform((text) => Number(text) * 2 ** 20)
    .optional(),
  expects: 'a whole number of mebibytes',
  example,
});

/** Every variable Daybook reads; `.env.example` is compared with this list by a test. */
export const VARIABLES = {
  DATABASE_URL: url('postgres://daybook_owner:secret@localhost:5432/daybook'),
  DATABASE_APP_URL: url('postgres://daybook_app:secret@localhost:5432/daybook'),
  DATABASE_PIPELINE_URL: url('postgres://daybook_pipeline:secret@localhost:5432/daybook'),
  DAYBOOK_HOME: {
    schema: z.string().default('.daybook'),
    expects: 'a folder',
    example: '.daybook',
  },
  HOST: {
    schema: address.default('127.0.0.1'),
    expects: 'an address to listen on',
    example: '0.0.0.0',
  },
  PORT: {
    schema: port.default(8080),
    expects: 'a whole number from 0 to 65535',
    example: '8080',
  },
  METRICS_HOST: {
    schema: address.default('127.0.0.1'),
    expects: 'an address to listen on',
    example: '0.0.0.0',
  },
  METRICS_PORT: metricsPort('9464'),
  WORKER_METRICS_PORT: metricsPort('9465'),
  WAREHOUSE_URL: {
    // Its parts are read, and refused, where the warehouse is opened.
    schema: z.string().regex(WAREHOUSE_URL).optional(),
    expects: 'a path, ducklake:postgres://… with data_path, or md: and the name of a database',
    example: 'ducklake:postgres://lake:secret@db.example.com/lake?data_path=s3://bucket/daybook/',
    secret: true,
  },
  DUCKDB_EXTENSION_DIR: {
    schema: z.string().refine(isAbsolute).optional(),
    expects: 'the absolute path of a folder that holds DuckDB extensions',
    example: '/opt/duckdb-extensions',
  },
  DISK_LOW_MB: megabytes('1024'),
  DISK_CRITICAL_MB: megabytes('256'),
  SMTP_URL: {
    schema: z.url({ protocol: /^smtps?$/ }).optional(),
    expects: 'a mail server that starts with smtp:// or smtps://',
    example: 'smtps://user:secret@mail.example.com:465',
    secret: true,
  },
  MAIL_FROM: {
    schema: z.email().default('daybook@daybook.example'),
    expects: 'one mail address without a name',
    example: 'daybook@example.com',
  },
  PUPPETEER_EXECUTABLE_PATH: {
    schema: z.string().refine(isAbsolute).optional(),
    expects: 'the absolute path of a Chrome or Chromium program',
    example: '/usr/bin/chromium',
  },
  ...SMS_VARIABLES,
  LOG_LEVEL: {
    schema: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    expects: 'debug, info, warn or error',
    example: 'info',
  },
} satisfies Record<string, Variable>;

/** Read by docker-compose.yml alone, from the same .env. */
export const COMPOSE_VARIABLES = [
  'POSTGRES_PASSWORD',
  'DAYBOOK_APP_PASSWORD',
  'DAYBOOK_PIPELINE_PASSWORD',
];

const SHOWN_MAX = 100;

type VariableName = keyof typeof VARIABLES;
type Environment = Record<string, string | undefined>;

/**
 * Reads and checks `env`, and the names that .env sets: one that nothing reads is a typing error.
 * Throws one ERR_CONFIG that lists every problem.
 */
export function loadConfig(
  env: Environment,
  projectDir: string,
  fileNames: string[] = [],
): Readonly<Config> {
  const known = [...Object.keys(VARIABLES), ...COMPOSE_VARIABLES];
  const problems = fileNames
    .filter((name) => !known.includes(name))
    .map((name) => `  ${name} in .env is read by nothing; expected one of ${known.join(', ')}`);
  const read = <T>(name: VariableName): T => {
    const raw = env[name] === '' ? undefined : env[name];
    const result = VARIABLES[name].schema.safeParse(raw);
    if (!result.success) problems.push(describeProblem(name, raw ?? ''));
    return result.data as T;
  };
  const sms = readSmsConfig(read);
  const config: Config = {
    homeDir: read('DAYBOOK_HOME'),
    databaseUrl: read('DATABASE_URL'),
    databaseAppUrl: read('DATABASE_APP_URL'),
    databasePipelineUrl: read('DATABASE_PIPELINE_URL'),
    host: read('HOST'),
    port: read('PORT'),
    metricsHost: read('METRICS_HOST'),
    metricsPort: read('METRICS_PORT'),
    workerMetricsPort: read('WORKER_METRICS_PORT'),
    warehouseUrl: read('WAREHOUSE_URL'),
    duckdbExtensionDir: read('DUCKDB_EXTENSION_DIR'),
    diskLowBytes: read('DISK_LOW_MB'),
    diskCriticalBytes: read('DISK_CRITICAL_MB'),
    smtpUrl: read('SMTP_URL'),
    mailFrom: read('MAIL_FROM'),
    chromiumPath: read('PUPPETEER_EXECUTABLE_PATH'),
    logLevel: read('LOG_LEVEL'),
    sms: sms.sms,
  };
  if (sms.problem !== undefined) problems.push(`  ${sms.problem}`);
  if ((env.SMTP_URL ?? '') !== '' && (env.MAIL_FROM ?? '') === '') {
    problems.push(
      '  MAIL_FROM is not set; with SMTP_URL it must be the address that mail comes from',
    );
  }
  if (problems.length > 0) throw configError(problems);
  if (config.warehouseUrl !== undefined && !/^(?:ducklake|md):/.test(config.warehouseUrl))
    config.warehouseUrl = resolve(projectDir, config.warehouseUrl);
  config.homeDir = resolve(isAbsolute(config.homeDir) ? '/' : projectDir, config.homeDir);
  return Object.freeze(config);
}

/** The folders below the home, each with one purpose. */
export function homePaths(homeDir: string) {
  return {
    postgres: join(homeDir, 'postgres'),
    warehouse: join(homeDir, 'warehouse.duckdb'),
    staging: join(homeDir, 'staging'),
    archive: join(homeDir, 'archive'),
    outbox: join(homeDir, 'outbox'),
    demo: join(homeDir, 'demo'),
  };
}

function describeProblem(name: VariableName, raw: string): string {
  const variable: Variable = VARIABLES[name];
  const seen = variable.secret ? maskSecret(raw) : showValue(raw);
  return `  ${name} is ${seen}; expected ${variable.expects}, for example ${variable.example}`;
}

/** A long value is told by its beginning. */
function showValue(raw: string): string {
  return JSON.stringify(raw.length > SHOWN_MAX ? `${raw.slice(0, SHOWN_MAX)}…` : raw);
}

function maskSecret(raw: string): string {
  return JSON.stringify(`${raw.slice(0, Math.min(4, Math.floor(raw.length / 4)))}…`);
}

function configError(problems: string[]): AppError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new AppError('ERR_CONFIG', `the configuration has ${count}:\n${problems.join('\n')}`, {
    details: { problems: problems.length },
    fix: 'correct the environment or .env; .env.example describes every variable',
  });
}
