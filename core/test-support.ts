// What tests share: a database of their own, cloned from a migrated template, a fixed clock, a log
// that remembers. Never imported outside tests.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { addClient, type Client } from './clients.ts';
import { createLog, type Log } from './log.ts';
import { createPool, type Pool, query } from './postgres.ts';
import { APP_ROLE, deriveRoleUrl, PIPELINE_ROLE } from './roles.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The owner's connection string of the test server. */
    postgresUrl: string;
    templateDatabase: string;
    /** How often a kill harness kills: a few times in the suite, many times in `npm run prove`. */
    kills: number;
  }
}

export interface TestBooks {
  ownerUrl: string;
  owner: Pool;
  app: Pool;
  pipeline: Pool;
  close(): Promise<void>;
}

/** A freshly migrated database. Close it in `afterAll`. */
export async function createTestBooks(): Promise<TestBooks> {
  const server = createPool({
    url: inject('postgresUrl'),
    applicationName: 'tests',
    log: silentLog(),
    max: 1,
  });
  const name = `test_${randomBytes(6).toString('hex')}`;
  await query(server, `create database ${name} template ${inject('templateDatabase')}`);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  const ownerUrl = url.toString();
  const open = (roleUrl: string) =>
    createPool({ url: roleUrl, applicationName: 'tests', log: silentLog(), max: 5 });
  const pools = {
    owner: open(ownerUrl),
    app: open(deriveRoleUrl(ownerUrl, APP_ROLE)),
    pipeline: open(deriveRoleUrl(ownerUrl, PIPELINE_ROLE)),
  };
  return {
    ownerUrl,
    ...pools,
    close: async () => {
      await Promise.all(Object.values(pools).map((pool) => pool.end()));
      await query(server, `drop database ${name} with (force)`);
      await server.end();
    },
  };
}

/** Adds a client with sensible fields and returns it. */
export async function addTestClient(app: Pool, fields: Partial<Client> = {}): Promise<Client> {
  const client = {
    clientId: 'acme',
    name: 'Acme',
    timeZone: 'UTC',
    weekStart: 1,
    currency: 'USD',
    locale: 'en-US',
    ...fields,
  };
  await addClient(app, client, new Date());
  return client;
}

/** A folder that goes with the test. */
export function makeTestFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'daybook-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A clock that stands until it is moved. */
export function fixedClock(start: string): { now: () => Date; set: (instant: string) => void } {
  let current = new Date(start);
  return {
    now: () => current,
    set: (instant) => {
      current = new Date(instant);
    },
  };
}

/** A log that keeps its lines. */
export function rememberingLog(): { log: Log; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  return {
    log: createLog({ level: 'debug', write: (line) => lines.push(JSON.parse(line)) }),
    lines,
  };
}

export function silentLog(): Log {
  return createLog({ level: 'error', write: () => undefined });
}
