// Rules of sharing a folder between processes: one works at a time, every use counts, and what a
// killed process left does not stand in the way.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addHolder, isProcessAlive, removeHolder, withFolderLock } from './holders.ts';
import { makeTestFolder } from './test-support.ts';

let folder: ReturnType<typeof makeTestFolder>;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = makeTestFolder();
});

afterEach(async () => {
  await Promise.all(children.splice(0).map(kill));
  folder.remove();
});

/** A process that runs `code` with the functions of holders.ts, says "ready" and stays. */
async function startProcess(code: string): Promise<ChildProcess> {
  const module = pathToFileURL(join(import.meta.dirname, 'holders.ts')).href;
  const script = `const holders = await import('${module}');
    const folder = process.argv[1];
    const stay = () => new Promise(() => setInterval(() => {}, 1000));
    const ready = () => process.stdout.write('ready');
    ${code}`;
  const args = ['--input-type=module', '-e', script, folder.path];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Adds one to a counter file in a way that loses counts unless alone. */
async function count(path: string): Promise<void> {
  const before = Number(readFileSync(path, 'utf8'));
  await new Promise((resolve) => setImmediate(resolve));
  writeFileSync(path, String(before + 1));
}

test('only one works under the lock at a time; without it counts are lost (control)', async () => {
  const path = join(folder.path, 'count');
  const twenty = Array.from({ length: 20 });
  writeFileSync(path, '0');
  await Promise.all(twenty.map(() => withFolderLock(folder.path, () => count(path))));
  expect(readFileSync(path, 'utf8')).toBe('20');
  writeFileSync(path, '0');
  await Promise.all(twenty.map(() => count(path)));
  expect(Number(readFileSync(path, 'utf8'))).toBeLessThan(20);
});

test('the lock goes when the work fails, and leaves no file behind', async () => {
  const failing = withFolderLock(folder.path, () => Promise.reject(new Error('work failed')));
  await expect(failing).rejects.toThrow('work failed');
  expect(await withFolderLock(folder.path, async () => 'next')).toBe('next');
  expect(readdirSync(folder.path)).toEqual([]);
});

test('a lock whose holder lives is waited for; one whose holder was killed is broken', async () => {
  const child = await startProcess(
    'await holders.withFolderLock(folder, () => (ready(), stay()));',
  );
  let entered = false;
  const next = withFolderLock(folder.path, async () => {
    entered = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(entered).toBe(false);
  await kill(child);
  await next;
  expect(entered).toBe(true);
});

test('a lock is stale when its number now belongs to another process', async () => {
  // Our own number is alive, but a process that started at tick 1 is not us.
  writeFileSync(join(folder.path, 'lock'), `${process.pid}-1`);
  expect(await withFolderLock(folder.path, async () => 'entered')).toBe('entered');
});

test('every use counts, two of one process as well', () => {
  const first = addHolder(folder.path);
  const second = addHolder(folder.path);
  expect(removeHolder(folder.path, first)).toBe(1);
  expect(removeHolder(folder.path, second)).toBe(0);
});

test('a live process is counted as a holder, a killed one is not', async () => {
  const child = await startProcess('holders.addHolder(folder); ready(); await stay();');
  expect(removeHolder(folder.path, addHolder(folder.path))).toBe(1);
  await kill(child);
  expect(removeHolder(folder.path, addHolder(folder.path))).toBe(0);
  expect(readdirSync(join(folder.path, 'holders'))).toEqual([]);
});

test('a process that ended but was not collected yet is not alive', async ({ skip }) => {
  skip(!existsSync('/proc/self/stat'), 'only Linux tells zombies apart here');
  // A shell collects its child; one that has become "sleep" by the time the child ends does not.
  const child = `while [ "$(cat /proc/$PPID/comm)" != sleep ]; do :; done`;
  const shell = spawn('sh', ['-c', `sh -c '${child}' & echo $!; exec sleep 30`]);
  children.push(shell);
  const [printed] = await once(shell.stdout, 'data');
  const pid = Number(String(printed));
  await expect.poll(() => isProcessAlive(pid)).toBe(false);
  expect(existsSync(`/proc/${pid}`)).toBe(true);
});
