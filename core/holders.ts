// Who uses a shared folder: a short lock around each change, and one file per live use. Both
// survive `kill -9`, because what a dead process left is recognised and removed.
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from './errors.ts';

const LOCK_TIMEOUT_MS = 90_000;
const LOCK_POLL_MS = 25;

let holdersAdded = 0;

/** Runs `work` while no other process does so for the same folder. */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const lock = join(folder, 'lock');
  for (let waited = 0; !takeLock(lock); waited += LOCK_POLL_MS) {
    if (waited > LOCK_TIMEOUT_MS) {
      throw new AppError('ERR_TIMEOUT', `another process holds ${lock} for over a minute`, {
        fix: 'wait for it, or end the process whose number the file holds',
      });
    }
    await sleep(LOCK_POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Notes one more use of the folder by this process; returns the holder to remove. */
export function addHolder(folder: string): string {
  mkdirSync(join(folder, 'holders'), { recursive: true });
  holdersAdded += 1;
  const holder = `${ownIdentity()}-${holdersAdded}`;
  writeFileSync(join(folder, 'holders', holder), '');
  return holder;
}

/** Removes a holder and those of dead processes; returns how many remain. */
export function removeHolder(folder: string, holder: string): number {
  const dir = join(folder, 'holders');
  const live = readdirSync(dir).filter((other) => {
    if (other !== holder && isIdentityAlive(other)) return true;
    rmSync(join(dir, other), { force: true });
    return false;
  });
  return live.length;
}

/** True while a process with this number exists, whoever owns it. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function takeLock(lock: string): boolean {
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, ownIdentity());
  try {
    // link() fails when the lock exists and never shows a half-written one.
    linkSync(own, lock);
    return true;
  } catch {
    breakStaleLock(lock);
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

function breakStaleLock(lock: string): void {
  const seen = readIfPresent(lock);
  if (seen === undefined || isIdentityAlive(seen)) return;
  const taken = `${lock}.stale.${process.pid}`;
  try {
    renameSync(lock, taken);
    // Between reading and renaming somebody else may have broken it and taken a fresh one.
    if (readIfPresent(taken) !== seen) linkSync(taken, lock);
  } catch {
    // Somebody else was faster; the next attempt sees the new state.
  }
  rmSync(taken, { force: true });
}

function ownIdentity(): string {
  return `${process.pid}-${processStart(process.pid)}`;
}

function isIdentityAlive(identity: string): boolean {
  const [pid, start] = identity.split('-');
  return isProcessAlive(Number(pid)) && processStart(Number(pid)) === start;
}

/** Start time in clock ticks, field 22 of /proc/PID/stat (proc(5)): tells a reused number apart. */
function processStart(pid: number): string {
  return statFields(pid)?.[19] ?? '0';
}

function isZombie(pid: number): boolean {
  return statFields(pid)?.[0] === 'Z';
}

function statFields(pid: number): string[] | undefined {
  const stat = readIfPresent(`/proc/${pid}/stat`);
  // The command name before field 3 may hold spaces and parentheses.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
