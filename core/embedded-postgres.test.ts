// Rules of the embedded Postgres: shared by all who ask, stopped by the last, whole again after a
// kill, and reachable as root in a folder that only root can enter.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireEmbeddedPostgres, type EmbeddedServer } from './embedded-postgres.ts';
import { isProcessAlive } from './holders.ts';
import { createPool, query } from './postgres.ts';
import { makeTestFolder, silentLog } from './test-support.ts';

const ROOT_ONLY =
  'this test needs root: an ordinary user has no folder that its server cannot enter';

let folder: ReturnType<typeof makeTestFolder>;
let path: string;
const acquired: Promise<EmbeddedServer>[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = makeTestFolder();
  chmodSync(folder.path, 0o755);
  path = join(folder.path, 'state', 'postgres');
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of await Promise.all(acquired.splice(0))) await server.release();
  const pid = existsSync(path) ? postmaster() : undefined;
  if (existsSync(path)) rmSync(realpathSync(path), { recursive: true, force: true });
  folder.remove();
  // No test may leave a server behind, whatever it did.
  expect(pid).toBeUndefined();
});

function acquire(): Promise<EmbeddedServer> {
  const server = acquireEmbeddedPostgres(path);
  acquired.push(server);
  return server;
}

/** The number of the running server, if there is one. */
function postmaster(): number | undefined {
  const file = join(realpathSync(path), 'data', 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  return isProcessAlive(pid) ? pid : undefined;
}

async function ask(url: string, sql: string): Promise<unknown> {
  const pool = createPool({ url, applicationName: 'tests', log: silentLog(), max: 1 });
  try {
    const [row] = await query<{ answer: unknown }>(pool, `select ${sql} as answer`);
    return row?.answer;
  } finally {
    await pool.end();
  }
}

/** Another process that acquires the server and holds it until it is killed; returns its URL. */
async function startHolder(): Promise<{ url: string; child: ChildProcess }> {
  const module = pathToFileURL(join(import.meta.dirname, 'embedded-postgres.ts')).href;
  const script = `const { acquireEmbeddedPostgres } = await import('${module}');
    const server = await acquireEmbeddedPostgres(process.argv[1]);
    process.stdout.write(server.url);
    setInterval(() => {}, 1000);`;
  const args = ['--input-type=module', '-e', script, path];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [printed] = await once(child.stdout, 'data');
  return { url: String(printed), child };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('two who ask at once share one server, and the last to leave stops it', async () => {
  const [first, second] = await Promise.all([acquire(), acquire()]);
  expect(first.url).toBe(second.url);
  const pid = postmaster();
  await first.release();
  await first.release();
  expect(await ask(second.url, '1 + 1')).toBe(2);
  expect(postmaster()).toBe(pid);
  await second.release();
  expect(postmaster()).toBeUndefined();
});

test('a server outlives a killed holder for the others, and waits for no dead one', async () => {
  const holder = await startHolder();
  const server = await acquire();
  expect(server.url).toBe(holder.url);
  const pid = postmaster();
  await kill(holder.child);
  expect(await ask(server.url, '1 + 1')).toBe(2);
  expect(postmaster()).toBe(pid);
  await server.release();
  expect(postmaster()).toBeUndefined();
});

test('a killed server starts again on its data, and is ready when we hear of it', async () => {
  const first = await acquire();
  await ask(first.url, `set_config('x.y', '', false)`);
  const identifier = await ask(
    first.url,
    '(select system_identifier::text from pg_control_system())',
  );
  const killed = postmaster() ?? 0;
  process.kill(killed, 'SIGKILL');
  await expect.poll(() => postmaster()).toBeUndefined();
  // The killed server's own file still says "ready"; a start that believed it would fail here.
  expect(readFileSync(join(realpathSync(path), 'data', 'postmaster.pid'), 'utf8')).toMatch(/ready/);
  const second = await acquire();
  expect(await ask(second.url, '(select system_identifier::text from pg_control_system())')).toBe(
    identifier,
  );
});

test('an initdb that was killed half-way is done again', async () => {
  const unfinished = join(path, 'data.unfinished');
  mkdirSync(join(unfinished, 'base'), { recursive: true });
  chmodSync(path, 0o755);
  const server = await acquire();
  expect(await ask(server.url, '1 + 1')).toBe(2);
  expect(existsSync(unfinished)).toBe(false);
});

test('the server is reached over loopback with a password only', async () => {
  const server = await acquire();
  const wrong = new URL(server.url);
  wrong.password = 'guess';
  await expect(ask(wrong.toString(), '1')).rejects.toThrow(/password authentication failed/);
  expect(await ask(server.url, `current_setting('listen_addresses')`)).toBe('127.0.0.1');
  expect(lstatSync(join(realpathSync(path), 'connection.json')).mode & 0o077).toBe(0);
});

test('root can use it in a folder that only root can enter, two at once too', async ({ skip }) => {
  skip(process.getuid?.() !== 0, ROOT_ONLY);
  mkdirSync(join(folder.path, 'state'), { mode: 0o700 });
  const [holder, server] = await Promise.all([startHolder(), acquire()]);
  expect(holder.url).toBe(server.url);
  expect(await ask(server.url, '1 + 1')).toBe(2);
  // Control: the data had to go elsewhere, for here the server's account has no way in.
  expect(lstatSync(path).isSymbolicLink()).toBe(true);
  await kill(holder.child);
});

test('root is told about a folder of its own that the server cannot enter', async ({ skip }) => {
  skip(process.getuid?.() !== 0, ROOT_ONLY);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  await expect(acquireEmbeddedPostgres(path)).rejects.toMatchObject({
    code: 'ERR_CONFIG',
    message: expect.stringContaining('cannot enter'),
  });
});
