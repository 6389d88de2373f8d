// The README as a test: every command in it is run, in order, in a folder of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTestFolder } from '../core/test-support.ts';
import { type Finished, PROJECT_DIR } from './support.ts';

/** The demo has a test of its own, and `npm test` would run this one again. */
const RUN_ELSEWHERE = new Set(['npm run demo', 'npm test']);
const LONG_RUNNING = 'npm run daybook -- start';

const folder = makeTestFolder();
let port: number;
let server: ChildProcess | undefined;

beforeAll(async () => {
  port = await freePort();
});

afterAll(async () => {
  await stop(server);
  for (const name of ['token', 'analyst-login', 'service-login', 'user-login'])
    rmSync(join(PROJECT_DIR, `acme-${name}.txt`), { force: true });
  folder.remove();
});

test('every command of the README works, in the order of the README', async () => {
  const commands = shellCommands(readFileSync(join(PROJECT_DIR, 'README.md'), 'utf8'));
  expect(commands.length).toBeGreaterThan(15);
  for (const command of commands) {
    if (RUN_ELSEWHERE.has(command)) continue;
    if (command === LONG_RUNNING) server = await start(command);
    else await run(command);
  }
}, 360_000);

test('a command that does not exist would be noticed', async () => {
  await expect(run('npm run daybook -- no-such-command')).rejects.toThrow(/no-such-command/);
});

async function run(command: string): Promise<Finished> {
  const child = shell(command.replace('localhost:8080', `127.0.0.1:${port}`));
  const finished = await collect(child);
  if (finished.code !== 0)
    throw new Error(
      `${command}\nended with ${finished.code}\n${finished.stdout}${finished.stderr}`,
    );
  // curl ends well whatever the server answers.
  if (command.startsWith('curl')) expect(finished.stdout).toContain('"accepted"');
  return finished;
}

function start(command: string): Promise<ChildProcess> {
  const child = shell(`exec ${command}`);
  return new Promise((resolve, reject) => {
    let output = '';
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}\n${output}`)));
    child.stderr?.on('data', (chunk) => {
      output += chunk;
      if (output.includes('"tick.finished"') && output.includes('"ingest.listening"'))
        resolve(child);
    });
  });
}

function shell(command: string): ChildProcess {
  return spawn('sh', ['-euc', command], {
    cwd: PROJECT_DIR,
    env: {
      ...process.env,
      DAYBOOK_HOME: join(folder.path, 'home'),
      PORT: String(port),
      DATABASE_URL: '',
      SMTP_URL: '',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that stopping it reaches npm's children too.
    detached: true,
  });
}

function stop(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null) return Promise.resolve();
  const group = -child.pid;
  return new Promise((resolve) => {
    child.once('close', () => resolve());
    process.kill(group, 'SIGTERM');
  });
}

function collect(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

/** The commands of all `sh` blocks; a line that ends in a backslash or inside quotes goes on. */
function shellCommands(readme: string): string[] {
  const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  return blocks.flatMap((block) =>
    block.startsWith('curl') ? [block.trim()] : block.trim().split('\n'),
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        resolve(typeof address === 'object' && address !== null ? address.port : 0),
      );
    });
  });
}
