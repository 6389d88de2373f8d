// A real Postgres from npm for machines without one. The first command starts the server, others
// attach to it, the last to leave stops it. Not for production: set DATABASE_URL there.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Account,
  serverAccount,
  serverFolder,
  serverPrograms,
} from './embedded-postgres-files.ts';
import { AppError } from './errors.ts';
import { addHolder, isProcessAlive, removeHolder, withFolderLock } from './holders.ts';

export interface EmbeddedServer {
  /** The owner's connection string. */
  url: string;
  /** Leaves the server; the last one to leave stops it. May be called twice. */
  release(): Promise<void>;
}

interface Server {
  folder: string;
  programs: string;
  account: Account | undefined;
}

interface ConnectionFile {
  port: number;
  password: string;
}

export const OWNER_ROLE = 'daybook_owner';
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 20;
const PORT_ATTEMPTS_MAX = 3;

/** Starts or joins the server with its data at `folder`. Throws ERR_CONFIG where it cannot run. */
export async function acquireEmbeddedPostgres(folder: string): Promise<EmbeddedServer> {
  const account = serverAccount();
  const server = { folder: serverFolder(folder, account), programs: '', account };
  const { url, holder } = await withFolderLock(server.folder, async () => {
    server.programs = serverPrograms(server.folder, account);
    await initialise(server);
    if (runningPid(server) === undefined) await start(server);
    return { url: connectionUrl(server), holder: addHolder(server.folder) };
  });
  let released = false;
  const release = async () => {
    if (released) return;
    released = true;
    await withFolderLock(server.folder, async () => {
      if (removeHolder(server.folder, holder) === 0) await stop(server);
    });
  };
  return { url, release };
}

async function initialise(server: Server): Promise<void> {
  const data = join(server.folder, 'data');
  if (existsSync(data)) return;
  // The data gets its name once it is whole; under this one it is what a killed initdb left.
  const unfinished = join(server.folder, 'data.unfinished');
  rmSync(unfinished, { recursive: true, force: true });
  const password = randomBytes(24).toString('base64url');
  const passwordFile = join(server.folder, 'initial-password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  mkdirSync(unfinished, { mode: 0o700 });
  giveTo(server.account, passwordFile, unfinished);
  try {
    await runProgram(server, 'initdb', [
      '-D',
      'data.unfinished',
      '-U',
      OWNER_ROLE,
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C',
      '--no-instructions',
    ]);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  writeConnectionFile(server, { port: 0, password });
  renameSync(unfinished, data);
}

async function start(server: Server): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    writeConnectionFile(server, { ...readConnectionFile(server), port });
    const child = spawnProgram(server, 'postgres', [
      '-D',
      'data',
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
      '-c',
      'timezone=UTC',
      '-c',
      'max_connections=100',
    ]);
    if (await becomesReady(server, child)) return;
    if (attempt === PORT_ATTEMPTS_MAX) {
      throw new AppError('ERR_BOOKS_UNAVAILABLE', 'the embedded Postgres did not start', {
        fix: `read ${join(server.folder, 'server.log')}, or set DATABASE_URL to another server`,
      });
    }
  }
}

async function becomesReady(server: Server, child: ChildProcess): Promise<boolean> {
  let exited = false;
  child.once('exit', () => {
    exited = true;
  });
  for (let waited = 0; waited < START_TIMEOUT_MS && !exited; waited += POLL_MS) {
    const noted = readPidFile(server);
    // A server that was killed leaves its own file behind, and that one says "ready" too.
    if (noted?.pid === child.pid && noted?.status === 'ready') {
      child.unref();
      return true;
    }
    await sleep(POLL_MS);
  }
  return false;
}

async function stop(server: Server): Promise<void> {
  const pid = runningPid(server);
  if (pid === undefined) return;
  process.kill(pid, 'SIGINT');
  for (let waited = 0; waited < STOP_TIMEOUT_MS; waited += POLL_MS) {
    if (!isProcessAlive(pid)) return;
    await sleep(POLL_MS);
  }
  process.kill(pid, 'SIGQUIT');
}

function runningPid(server: Server): number | undefined {
  const pid = readPidFile(server)?.pid;
  return pid !== undefined && isProcessAlive(pid) && isPostgres(pid) ? pid : undefined;
}

/** A pid from before a reboot may belong to another program by now. */
function isPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres';
  } catch {
    return process.platform !== 'linux';
  }
}

/** Line 1 is the pid, line 8 the status (PostgreSQL, src/include/utils/pidfile.h). */
function readPidFile(server: Server): { pid: number; status: string } | undefined {
  try {
    const lines = readFileSync(join(server.folder, 'data', 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), status: (lines[7] ?? '').trim() };
  } catch {
    return undefined;
  }
}

function connectionUrl(server: Server): string {
  const { port, password } = readConnectionFile(server);
  return `postgres://${OWNER_ROLE}:${password}@127.0.0.1:${port}/postgres`;
}

function readConnectionFile(server: Server): ConnectionFile {
  return JSON.parse(readFileSync(join(server.folder, 'connection.json'), 'utf8'));
}

function writeConnectionFile(server: Server, content: ConnectionFile): void {
  const path = join(server.folder, 'connection.json');
  writeFileSync(`${path}.new`, JSON.stringify(content), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function giveTo(account: Account | undefined, ...paths: string[]): void {
  if (account !== undefined) for (const path of paths) chownSync(path, account.uid, account.gid);
}

function spawnProgram(server: Server, program: string, args: string[]): ChildProcess {
  const log = openSync(join(server.folder, 'server.log'), 'a');
  const child = spawn(join(server.programs, 'bin', program), args, {
    cwd: server.folder,
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    ...server.account,
  });
  closeSync(log);
  return child;
}

async function runProgram(server: Server, program: string, args: string[]): Promise<void> {
  const child = spawnProgram(server, program, args);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) {
    throw new AppError('ERR_BOOKS_UNAVAILABLE', `${program} ended with code ${code}`, {
      fix: `read ${join(server.folder, 'server.log')}`,
    });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
