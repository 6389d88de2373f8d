// What was acknowledged survives: the ingest server and Postgres are killed together under load, again
// and again, and no event that got a 2xx is missing afterwards. The control gives up the flush at
// commit and must lose some. A few kills here; `npm run prove` makes fifty.
import { once } from 'node:events';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { addClient } from '../core/clients.ts';
import { acquireEmbeddedPostgres, type EmbeddedServer } from '../core/embedded-postgres.ts';
import { migrate } from '../core/migrate.ts';
import { createPool, query } from '../core/postgres.ts';
import { APP_ROLE, deriveRoleUrl, PIPELINE_ROLE } from '../core/roles.ts';
import { makeTestFolder, silentLog } from '../core/test-support.ts';
import { createToken } from '../ingest/api/tokens.ts';
import { startDaybook, waitForLog } from './support.ts';

const KILLS = inject('kills');
const CONTROL_KILLS_MAX = 5;
const SENDERS = 16;
const LOAD_MS = [150, 450] as const;

const folder = makeTestFolder();
let token: string;
const servers: EmbeddedServer[] = [];

beforeAll(async () => {
  await withOwner(async (owner, url) => {
    const roleUrls = {
      [APP_ROLE]: deriveRoleUrl(url, APP_ROLE),
      [PIPELINE_ROLE]: deriveRoleUrl(url, PIPELINE_ROLE),
    };
    await migrate({ owner, roleUrls, log: silentLog() });
    const client = { clientId: 'acme', name: 'Acme', timeZone: 'UTC', weekStart: 1 as const };
    await addClient(owner, { ...client, currency: 'USD', locale: 'en-US' }, new Date());
    const scopes = ['usage:write'] as const;
    token = await createToken(owner, { clientId: 'acme', name: 'test', scopes });
  });
}, 60_000);

afterAll(async () => {
  for (const server of servers) await server.release();
  folder.remove();
}, 60_000);

const isLinux = process.platform === 'linux';

test.runIf(isLinux)(
  `after ${KILLS} kills under load nothing that was acknowledged is missing`,
  async () => {
    let acknowledged = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const ids = await sendUntilKilled(`kept-${kill}`);
      acknowledged += ids.length;
      expect(await missing(ids), `after kill ${kill + 1}`).toEqual([]);
    }
    expect(acknowledged).toBeGreaterThan(KILLS * 20);
    console.log(`${KILLS} kills: ${acknowledged} events acknowledged, 0 lost`);
  },
  600_000,
);

test.runIf(isLinux)(
  'without the flush at commit, acknowledged events are lost (control)',
  async () => {
    await withOwner(async (owner) => {
      await query(owner, 'alter system set synchronous_commit = off');
      await query(owner, 'select pg_reload_conf()');
    });
    let lost = 0;
    for (let kill = 0; kill < CONTROL_KILLS_MAX && lost === 0; kill += 1) {
      lost += (await missing(await sendUntilKilled(`lost-${kill}`))).length;
    }
    expect(lost).toBeGreaterThan(0);
  },
  120_000,
);

/** Sends single events from many senders, kills server and Postgres, returns what got a 201. */
async function sendUntilKilled(prefix: string): Promise<string[]> {
  const server = await acquire();
  const ingest = startDaybook(['ingest'], {
    DATABASE_URL: server.url,
    DAYBOOK_HOME: join(folder.path, 'home'),
    PORT: '0',
  });
  const ended = once(ingest, 'exit');
  const url = String((await waitForLog(ingest, 'ingest.listening')).url);
  const acknowledged: string[] = [];
  let isOver = false;
  const senders = Array.from({ length: SENDERS }, async (_, sender) => {
    for (let index = 0; !isOver; index += 1) {
      const id = `${prefix}-${sender}-${index}`;
      if ((await send(url, id)) === 201) acknowledged.push(id);
      else return;
    }
  });
  const [least, most] = LOAD_MS;
  await sleep(least + Math.random() * (most - least));
  killPostgres();
  ingest.kill('SIGKILL');
  isOver = true;
  await Promise.all([...senders, ended]);
  return acknowledged;
}

async function send(url: string, id: string): Promise<number> {
  const event = { id, occurred_at: '2025-03-18T09:30:00Z', provider: 'p', model: 'm', cost: '1' };
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify(event);
  return fetch(`${url}/v1/usage`, { method: 'POST', headers, body }).then(
    ({ status }) => status,
    () => 0,
  );
}

function missing(ids: string[]): Promise<string[]> {
  return withOwner(async (owner) => {
    const rows = await query<{ event_id: string }>(owner, 'select event_id from usage_events');
    const stored = new Set(rows.map(({ event_id: id }) => id));
    return ids.filter((id) => !stored.has(id));
  });
}

async function withOwner<T>(
  work: (owner: ReturnType<typeof createPool>, url: string) => Promise<T>,
): Promise<T> {
  const { url } = await acquire();
  const owner = createPool({ url, applicationName: 'test', log: silentLog(), max: 1 });
  try {
    return await work(owner, url);
  } finally {
    await owner.end();
  }
}

/** Starts the server, where it was killed, and remembers to leave it. */
async function acquire(): Promise<EmbeddedServer> {
  const server = await acquireEmbeddedPostgres(join(folder.path, 'postgres'));
  servers.push(server);
  return server;
}

/** The postmaster and all of its children at once, so that none of them can write what it holds. */
function killPostgres(): void {
  const data = join(realpathSync(join(folder.path, 'postgres')), 'data');
  const postmaster = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0] ?? '';
  const pids = readdirSync('/proc').filter(
    (pid) => pid === postmaster || parentOf(pid) === postmaster,
  );
  for (const pid of pids) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // A child that ended in between is as good as killed.
    }
  }
}

/** The fourth field of /proc/…/stat; the second, a name in brackets, may hold anything (proc(5)). */
function parentOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1];
  } catch {
    return undefined;
  }
}
