// Rules of the package: an application that installs it imports `daybook/client` as JavaScript with
// types, with nothing else installed, from the small package and from the whole one alike.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTestFolder } from '../../core/test-support.ts';
import { serveTestBooks, type TestApi } from '../test-support.ts';
import { startProvider } from './provider-stand-in.ts';
import { readEvents } from './test-support.ts';

const PROJECT_DIR = join(import.meta.dirname, '..', '..');
const TSC = join(PROJECT_DIR, 'node_modules', '.bin', 'tsc');
const folder = makeTestFolder();
const PLAIN = `import { createUsageLogger } from 'daybook/client';
const [url, token] = process.argv.slice(2);
const usage = createUsageLogger({ url, token, clientId: 'acme' });
console.log(usage.logOpenAIUsage('acme', 'conv-1', '+12025550123', 'gpt-4o', { prompt_tokens: 5 }));
`;
const TYPED = `import { createUsageLogger, type Drop, type UsageLogger } from 'daybook/client';
const onDrop = ({ reason }: Drop): void => console.log(reason);
const usage: UsageLogger = createUsageLogger({ url: '', token: '', clientId: 'acme', onDrop });
const client = { chat: { create: async (model: string) => model.length } };
const length: Promise<number> = usage.track(client, { phone: null }).chat.create('gpt-4o');
const id: string = usage.logWhisperUsage('acme', 7n, null, 30.5);
// @ts-expect-error The seconds are a number.
usage.logWhisperUsage('acme', 'conv-1', null, '30');
// @ts-expect-error A provider is needed.
usage.logUsage({ model: 'm' });
export { id, length };
`;

let api: TestApi;

beforeAll(async () => {
  api = await serveTestBooks();
});

afterAll(async () => {
  await api.close();
  folder.remove();
});

/** An application with the package of a folder in its node_modules, and nothing else. */
function installPackage(name: string, packed: string): string {
  const application = join(folder.path, name);
  const target = join(application, 'node_modules', 'daybook');
  mkdirSync(target, { recursive: true });
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder.path, packed];
  const tarball = execFileSync('npm', pack, { cwd: PROJECT_DIR, encoding: 'utf8' }).trim();
  const unpack = ['-xzf', join(folder.path, tarball), '-C', target, '--strip-components=1'];
  execFileSync('tar', unpack);
  writeFileSync(join(application, 'package.json'), '{ "type": "module" }');
  return application;
}

test.each([
  ['the small package', './ingest/client'],
  ['the whole package', '.'],
])('%s works in JavaScript and is typed in TypeScript', async (name, packed) => {
  const application = installPackage(name.replaceAll(' ', '-'), packed);
  writeFileSync(join(application, 'plain.js'), PLAIN);
  const run = [join(application, 'plain.js'), api.url, api.token];
  const id = await runNode(run);
  expect(await readEvents(api.books.owner, id)).toHaveLength(1);

  writeFileSync(join(application, 'typed.ts'), TYPED);
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022'];
  const check = [...options, '--lib', 'es2022,dom', '--types', '', 'typed.ts'];
  execFileSync(TSC, check, { cwd: application, stdio: 'pipe' });
  expect(readFileSync(join(application, 'node_modules/daybook/package.json'), 'utf8')).toContain(
    '"./client"',
  );
});

test('the small package is the whole one without its dependencies', () => {
  const [whole, small] = ['package.json', 'ingest/client/package.json'].map((path) =>
    JSON.parse(readFileSync(join(PROJECT_DIR, path), 'utf8')),
  );
  const { name, version, license } = whole;
  expect(small).toMatchObject({ name, version, license });
  expect(small).not.toHaveProperty('dependencies');
  const inSmall = JSON.stringify(small.exports).replaceAll('./', './ingest/client/');
  expect(inSmall.replace('./ingest/client/client', './client')).toBe(JSON.stringify(whole.exports));
});

test('the example of the README records its call', async () => {
  const readme = readFileSync(join(PROJECT_DIR, 'README.md'), 'utf8');
  const example = /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const provider = await startProvider();
  const env = {
    DAYBOOK_URL: api.url,
    DAYBOOK_TOKEN: api.token,
    OPENAI_API_KEY: 'sk-test',
    OPENAI_BASE_URL: provider.url,
  };
  expect(example).toContain("from 'daybook/client'");
  await runNode(['--input-type=module', '--eval', example], env);
  const rows = (await readEvents(api.books.owner)).filter((row) => row.operation === 'chat');
  expect(rows).toMatchObject([{ conversation_id: 'conv-42', input_tokens: 194 }]);
  await provider.close();
});

/** Runs in the repository, where `openai` is installed, unless a script says where. */
async function runNode(args: string[], env: Record<string, string> = {}): Promise<string> {
  const child = spawn(process.execPath, args, {
    cwd: PROJECT_DIR,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  return output.trim();
}
