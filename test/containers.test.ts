// The compose file and the Dockerfile, which no test can start here: their shape by a schema of the
// keys we use, and what we promise of them (health checks, volumes, roles, an ordinary user).
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { VARIABLES } from '../core/config.ts';
import { APP_ROLE, deriveRoleUrl, PIPELINE_ROLE } from '../core/roles.ts';
import { createTestBooks, makeTestFolder, type TestBooks } from '../core/test-support.ts';
import { PROJECT_DIR, startDaybook, waitForLog } from './support.ts';

interface Service {
  image?: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  profiles?: string[];
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, null>;
}

const text = { type: 'string', minLength: 1 } as const;
const texts = { type: 'array', items: text, minItems: 1 } as const;
/** The part of the Compose Specification that the file uses; any other key is a typing error. */
const SERVICE_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['image', 'restart'],
  properties: {
    build: text,
    image: text,
    restart: { enum: ['no', 'always', 'on-failure', 'unless-stopped'] },
    init: { type: 'boolean' },
    command: texts,
    profiles: texts,
    environment: {
      type: 'object',
      additionalProperties: text,
      propertyNames: { pattern: '^[A-Z_]+$' },
    },
    ports: { type: 'array', items: { type: 'string', pattern: '^127\\.0\\.0\\.1:\\d+:\\d+$' } },
    volumes: { type: 'array', items: { type: 'string', pattern: '^[a-z]+:/' } },
    shm_size: { type: 'string', pattern: '^\\d+[mg]$' },
    healthcheck: {
      type: 'object',
      additionalProperties: false,
      required: ['test', 'interval', 'timeout', 'retries'],
      properties: {
        test: texts,
        interval: { type: 'string', pattern: '^\\d+s$' },
        timeout: { type: 'string', pattern: '^\\d+s$' },
        start_period: { type: 'string', pattern: '^\\d+s$' },
        retries: { type: 'integer', minimum: 1 },
      },
    },
    depends_on: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: {
          condition: {
            enum: ['service_started', 'service_healthy', 'service_completed_successfully'],
          },
        },
      },
    },
  },
};

const source = read('docker-compose.yml');
const compose = parse(source, { merge: true }) as Compose;
const isService = new Ajv().compile(SERVICE_SCHEMA);

test.each(Object.keys(compose.services))(
  'service %s has the shape of the Compose Specification',
  (name) => {
    expect(isService(compose.services[name]), JSON.stringify(isService.errors)).toBe(true);
  },
);

test('a misspelt key would be noticed', () => {
  expect(isService({ image: 'x', restart: 'no', healthchek: {} })).toBe(false);
});

test('Postgres, ingest, worker and the mail sink run with health checks', () => {
  for (const name of ['postgres', 'ingest', 'worker', 'mailpit']) {
    expect(compose.services[name]?.healthcheck, name).toBeDefined();
  }
});

test('services wait only for services that exist, and mount only volumes that are declared', () => {
  for (const [name, { depends_on = {}, volumes = [] }] of Object.entries(compose.services)) {
    for (const other of Object.keys(depends_on))
      expect(compose.services, name).toHaveProperty(other);
    for (const volume of volumes)
      expect(compose.volumes, name).toHaveProperty(volume.split(':')[0] ?? '');
  }
});

test('Daybook’s services get only variables that Daybook reads', () => {
  for (const { build, environment = {} } of Object.values(compose.services)) {
    if (build === undefined) continue;
    expect(Object.keys(VARIABLES)).toEqual(expect.arrayContaining(Object.keys(environment)));
  }
});

test('the servers do not hold the owner’s password, and no secret has a default', () => {
  for (const name of ['ingest', 'worker']) {
    expect(Object.keys(compose.services[name]?.environment ?? {})).not.toContain('DATABASE_URL');
  }
  const secrets = [...source.matchAll(/\$\{(\w+)([^}]*)\}/g)];
  expect(secrets.length).toBeGreaterThan(0);
  // What is optional may be nothing; what is needed must be set.
  for (const [, , rule] of secrets) expect(rule).toMatch(/^:(?:\?|-$)/);
});

test('every variable of the compose file is explained in .env.example', () => {
  const example = read('.env.example');
  for (const [, name = ''] of source.matchAll(/\$\{(\w+)/g)) expect(example).toContain(`${name}=`);
});

test('the image runs Node 24 as an ordinary user and copies only what exists', () => {
  const dockerfile = read('Dockerfile');
  expect(dockerfile).toMatch(/^FROM node:24/m);
  const user = [...dockerfile.matchAll(/^USER (\S+)/gm)].at(-1)?.[1];
  expect(user).toBe('daybook');
  for (const [, sources = ''] of dockerfile.matchAll(/^COPY (.+) \S+$/gm)) {
    for (const path of sources.split(' '))
      expect(existsSync(join(PROJECT_DIR, path)), path).toBe(true);
  }
});

describe('each server starts with exactly the variables that its service gets', () => {
  const folder = makeTestFolder();
  let books: TestBooks;
  beforeAll(async () => {
    books = await createTestBooks();
  });
  afterAll(async () => {
    await books.close();
    folder.remove();
  });

  test.each([
    ['ingest', 'ingest.listening'],
    ['worker', 'tick.finished'],
  ])('%s', async (name, event) => {
    const given: Record<string, string> = {
      DATABASE_APP_URL: deriveRoleUrl(books.ownerUrl, APP_ROLE),
      DATABASE_PIPELINE_URL: deriveRoleUrl(books.ownerUrl, PIPELINE_ROLE),
      SMTP_URL: 'smtp://127.0.0.1:1',
      MAIL_FROM: 'daybook@daybook.example',
    };
    const names = Object.keys(compose.services[name]?.environment ?? {});
    const env = Object.fromEntries(names.map((variable) => [variable, given[variable] ?? '']));
    const home = join(folder.path, name);
    const child = startDaybook([name], { ...env, DAYBOOK_HOME: home, PORT: '0' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await waitForLog(child, event);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(existsSync(join(home, 'postgres'))).toBe(false);
  });
});

function read(path: string): string {
  return readFileSync(join(PROJECT_DIR, path), 'utf8');
}
