// The commands for people, errors and the state of the texts, as a person runs them: what they print,
// that no whole number is in it, and how they end when they are asked for what is not there.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { openSmsWorld, person, type SmsWorld } from './sms-world.ts';
import { runDaybook } from './support.ts';

const ANA = person(1);
let world: SmsWorld;
let userId: string;

beforeAll(async () => {
  world = await openSmsWorld({ openai: { answer: () => 'Yes.' } });
  await world.text(ANA, 'Hello?');
  await world.settle();
  await world.agent?.reconcileNow();
  const [user] = await world.rows<{ user_id: string }>('select user_id from sms_users');
  userId = user?.user_id ?? '';
  await query(
    world.books.owner,
    `insert into error_logs (client_id, error_id, error_type, code, message, is_critical, occurred_at)
     values ('acme', gen_random_uuid(), 'twilio_error', '20003', 'Authenticate', true, now())`,
  );
});
afterAll(() => world.close());

const run = (...args: string[]) => runDaybook(args, { DATABASE_URL: world.books.ownerUrl });

test('a person is listed by pseudonym and masked number, and changed by the number', async () => {
  const listed = await run('users', 'list', '--client', 'acme');
  expect(listed.stdout).toContain(userId);
  expect(listed.stdout).toContain('+1••••••0001');
  expect(listed.stdout).toMatch(/free\s+1 of 50\s+yes\s+no\s+no/);
  expect(listed.stdout).not.toContain(ANA);
  const changes = ['--tier', 'premium', '--executive', 'yes', '--name', 'Ana'];
  const set = await run('users', 'set', ANA, '--client', 'acme', ...changes);
  expect(set.stdout).toBe(
    `${userId} is premium, active, executive, 0 of 500 requests this month.\n` +
      'The upgrade began the count anew, as one does in each month.\n',
  );
  const admin = await run('users', 'set', userId, '--client', 'acme', '--admin', 'yes');
  expect(admin.stdout).toContain('0 of any number requests');
});

test.each([
  ['nothing to change', ['users', 'set', ANA, '--client', 'acme'], 2, /nothing to change/],
  ['no such tier', ['users', 'set', ANA, '--client', 'acme', '--tier', 'gold'], 2, /choose from/],
  ['neither yes nor no', ['users', 'set', ANA, '--client', 'acme', '--admin', 'y'], 2, /yes or no/],
  ['nobody', ['users', 'set', '+13035559999', '--client', 'acme', '--admin', 'no'], 1, /nobody/],
  ['no such client', ['users', 'list', '--client', 'none'], 1, /no client "none"/],
  ['no notes', ['errors', 'resolve', '00000000', '--notes', ' '], 2, /--notes must have/],
  ['no such error', ['errors', 'resolve', '00000000', '--notes', 'x'], 1, /no error/],
])('%s is said, with what to do', async (_what, args, code, message) => {
  const finished = await run(...args);
  expect(finished.code).toBe(code);
  expect(finished.stderr).toMatch(message);
});

test('the state of the texts is in the status, and errors can be resolved', async () => {
  const { stdout } = await run('status');
  expect(stdout).toMatch(/client\s+to answer\s+to send\s+uncertain\s+failed in 24 h\s+open errors/);
  const minute = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d';
  expect(stdout).toMatch(new RegExp(`acme\\s+0\\s+0\\s+0\\s+0\\s+1\\s+${minute}\\s+${minute}`));
  const listed = await run('errors', 'list', '--open', '--client', 'acme');
  const id = /^([0-9a-f]{8}) .*twilio_error\s+20003\s+yes\s+Authenticate/m.exec(listed.stdout)?.[1];
  const resolved = await run('errors', 'resolve', id ?? '', '--notes', 'a new token');
  expect(resolved.stdout).toBe('Resolved 1 error.\n');
  expect((await run('errors', 'list', '--open')).stdout).toBe('None is open.\n');
  expect((await run('errors', 'list')).stdout).toContain('a new token');
});

test('a number of a country without list prices is taken, and that is said', async () => {
  const vienna = await run('numbers', 'add', '+436641234567', '--client', 'acme');
  expect(vienna.stdout).toBe(
    'Texts to +436641234567 are for acme.\n' +
      'No list price is known for texts with +43: what one costs is unknown until Twilio tells.\n',
  );
  const boston = await run('numbers', 'add', '+16175550100', '--client', 'acme');
  expect(boston.stdout).toBe('Texts to +16175550100 are for acme.\n');
});

test('a person is forgotten by a command', async () => {
  const { stdout } = await run('users', 'forget', ANA, '--client', 'acme');
  expect(stdout).toContain(`Forgot ${userId}`);
  expect((await run('users', 'list', '--client', 'acme')).stdout).toBe('Nobody has texted yet.\n');
});
