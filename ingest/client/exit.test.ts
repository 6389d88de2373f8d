// Rules of the end of a process: what is queued is delivered before it, a logger alone keeps no
// process alive, and what cannot be delivered in time is named. Each in a process of its own.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { serveTestBooks, type TestApi } from '../test-support.ts';
import { buildRoad, type Road, readEvents } from './test-support.ts';

const MODULE = join(import.meta.dirname, 'usage-logger.js');
const LOG = `const usageOfProvider = { prompt_tokens: 1 };
console.log(usage.logOpenAIUsage('acme', 'conv-1', null, 'gpt-4o', usageOfProvider));`;

let api: TestApi;
let road: Road;

beforeAll(async () => {
  api = await serveTestBooks();
  road = await buildRoad(api.url);
});

afterEach(() => {
  road.faults = [];
});

afterAll(async () => {
  await road.close();
  await api.close();
});

interface Ended {
  code: number | null;
  signal: string | null;
  id: string;
  errors: string;
  tookMs: number;
}

function runApplication(code: string, options: object = {}, url = road.url): Promise<Ended> {
  const settings = { url, token: api.token, clientId: 'acme', batchDelayMs: 60_000, ...options };
  const script = `import { createUsageLogger } from ${JSON.stringify(MODULE)};
    const usage = createUsageLogger(${JSON.stringify(settings)});
    ${code}`;
  const startedMs = performance.now();
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script]);
  let id = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    id += chunk;
    if (code.includes('SIGTERM')) child.kill('SIGTERM');
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  return new Promise((resolve) =>
    child.once('close', (status, signal) => {
      const tookMs = performance.now() - startedMs;
      resolve({ code: status, signal, id: id.trim(), errors, tookMs });
    }),
  );
}

test('what is queued is delivered before the process ends', async () => {
  road.faults = [{ status: 503 }, 'break'];
  const ended = await runApplication(LOG, { retryMinMs: 1 });
  expect(ended).toMatchObject({ code: 0, errors: '' });
  expect(await readEvents(api.books.owner, ended.id)).toHaveLength(1);
});

test('an application that closes the logger on SIGTERM loses nothing', async () => {
  const ended = await runApplication(`
    const working = setInterval(() => undefined, 60_000);
    process.once('SIGTERM', async () => {
      await usage.close();
      clearInterval(working);
    });
    ${LOG}`);
  expect(ended).toMatchObject({ code: 0, errors: '' });
  expect(await readEvents(api.books.owner, ended.id)).toHaveLength(1);
});

test('a process that is killed before it closed the logger loses what was queued', async () => {
  const ended = await runApplication(`setInterval(() => 'SIGTERM', 60_000);\n${LOG}`);
  expect(ended.signal).toBe('SIGTERM');
  expect(await readEvents(api.books.owner, ended.id)).toHaveLength(0);
});

test('a process waits no longer than it may, and names what it could not deliver', async () => {
  const nowhere = 'http://127.0.0.1:1';
  const ended = await runApplication(LOG, { exitTimeoutMs: 50 }, nowhere);
  expect(ended.code).toBe(0);
  expect(ended.errors).toContain(`usage event ${ended.id} was not recorded (gave_up`);
  expect(ended.tookMs).toBeLessThan(4_000);
});

test('a logger with nothing to do, or that is waiting to try again, keeps no process', async () => {
  const idle = await runApplication('await usage.flush(); console.log(usage.stats().queued);');
  expect(idle).toMatchObject({ code: 0, id: '0', errors: '' });
  const waits = `${LOG}\nsetTimeout(() => undefined, 100);`;
  const options = { batchDelayMs: 0, retryMinMs: 60_000, exitTimeoutMs: 0 };
  const waiting = await runApplication(waits, options, 'http://127.0.0.1:1');
  expect(waiting.tookMs).toBeLessThan(4_000);
});
