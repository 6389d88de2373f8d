// What the SMS agent writes of what goes wrong: once, with nothing of anybody in it, and also of books
// that were away; and that a person may be forgotten without a text of his.
import { afterEach, describe, expect, test } from 'vitest';
import { createPool, query } from '../core/postgres.ts';
import { APP_ROLE, deriveRoleUrl } from '../core/roles.ts';
import { rememberingLog, silentLog } from '../core/test-support.ts';
import { createErrorLog, type ErrorLog } from '../ingest/agent/error-log.ts';
import { listErrors, resolveErrors } from '../ingest/store/error-logs.ts';
import { forgetSmsUser, listSmsUsers } from '../ingest/store/sms-users.ts';
import { CLIENT, NUMBER, openSmsWorld, person, type SmsWorld } from './sms-world.ts';
import { postSigned } from './stand-ins/twilio-webhooks.ts';

let world: SmsWorld;
afterEach(() => world.close());

const ANA = person(1);
const WEBHOOK = 'https://sms.acme.example/webhooks/twilio/sms';

/** Postgres throws the agent and the server out, and lets none of them in again until it is back. */
async function goAway(): Promise<void> {
  const name = new URL(world.books.ownerUrl).pathname.slice(1);
  await world.rows(`alter database ${name} connection limit 0`);
  const sql = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = $1 and usename = $2`;
  await world.rows(sql, [name, APP_ROLE]);
}

async function comeBack(): Promise<void> {
  const name = new URL(world.books.ownerUrl).pathname.slice(1);
  await world.rows(`alter database ${name} connection limit -1`);
}

const logged = () =>
  world.rows(
    `select client_id, error_type, code, message, is_critical from error_logs order by occurred_at`,
  );

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 15_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('it did not come to be');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('books that go away', () => {
  test('are one critical error, written when they are back without another one', async () => {
    const { log, lines } = rememberingLog();
    world = await openSmsWorld({ openai: { answer: () => 'Yes.' }, isStarted: false });
    const url = deriveRoleUrl(world.books.ownerUrl, APP_ROLE);
    const pool = createPool({ url, applicationName: 'errors', max: 2, log });
    const errors = createErrorLog(pool, log, () => new Date());
    await goAway();
    for (let times = 0; times < 100; times += 1) {
      const error = await query(pool, 'select 1').catch((caught: unknown) => caught);
      await errors.recordThrown(error);
    }
    await errors.record({ type: 'openai_timeout', message: 'no answer', clientId: CLIENT });
    expect(await logged()).toEqual([]);
    await comeBack();
    await Promise.all([errors.flush(), errors.flush()]);
    expect(await logged()).toEqual([
      {
        client_id: null,
        error_type: 'database_error',
        code: null,
        message: expect.stringContaining('Postgres does not answer'),
        is_critical: true,
      },
      expect.objectContaining({ error_type: 'openai_timeout', client_id: CLIENT }),
    ]);
    expect(lines.filter(({ event }) => event === 'agent.error')).toHaveLength(2);
    await pool.end();
  }, 60_000);

  test('keep no text from its answer, and are told of by the agent itself', async () => {
    let caught = 0;
    let written: ErrorLog;
    const errors: ErrorLog = {
      record: (facts) => written.record(facts),
      flush: () => written.flush(),
      recordThrown: (error, of) => {
        caught += 1;
        return written.recordThrown(error, of);
      },
    };
    const openai = { answer: () => 'Yes.' };
    world = await openSmsWorld({ openai, agent: { pollMs: 20, errors }, isStarted: false });
    written = createErrorLog(world.books.app, silentLog(), () => new Date());
    world.startAgent();
    await world.text(ANA, 'One?');
    await world.settle();
    await goAway();
    expect(await world.text(ANA, 'Two?')).toBe(503);
    await until(async () => caught > 50);
    await comeBack();
    await until(async () => (await logged()).length > 0);
    await world.agent?.reconcileNow();
    const message = world.twilio.messages.find(({ body }) => body === 'Two?');
    if (message !== undefined) await world.replay(message.sid, 1);
    await world.settle();
    expect(world.sentTo(ANA).filter((body) => body.endsWith('Yes.'))).toHaveLength(2);
    const types = (await logged()).map(({ error_type }) => error_type);
    expect(types).toEqual(['database_error']);
  }, 60_000);
});

describe('a signed request that is refused', () => {
  const formOf = (fields: Record<string, string>) => ({
    ...{ AccountSid: world.twilio.accountSid, MessageSid: `SM${'a'.repeat(32)}`, NumMedia: '0' },
    ...{ From: ANA, To: NUMBER, Body: 'private words', ...fields },
  });
  const send = (fields: Record<string, string>) =>
    postSigned(world.twilio, WEBHOOK, formOf(fields));

  test('for a number that no client has is told once, with the end of the number', async () => {
    world = await openSmsWorld({ isStarted: false });
    for (let times = 0; times < 20; times += 1)
      expect(await send({ To: '+12025550777' })).toBe(400);
    await send({ To: '+12025550888' });
    expect(await logged()).toEqual(
      ['0777', '0888'].map((end) => ({
        client_id: null,
        error_type: 'validation_error',
        code: 'To',
        message: `To must be one of our numbers: the one that ends in ${end} has no client`,
        is_critical: false,
      })),
    );
  });

  test('is told again after five minutes, without words or numbers', async () => {
    let now = Date.parse('2026-03-01T12:00:00Z');
    world = await openSmsWorld({ isStarted: false, now: () => new Date(now) });
    for (const minutes of [0, 1, 3, 1, 4]) {
      now += minutes * 60_000;
      await send({ NumMedia: '11' });
    }
    const rows = await logged();
    expect(rows.map(({ client_id, code }) => [client_id, code])).toEqual([
      [CLIENT, 'NumMedia'],
      [CLIENT, 'NumMedia'],
    ]);
    expect(JSON.stringify(rows)).not.toMatch(/private|\d{7}/);
  });

  test('is told of only where Twilio signed: strangers write nothing', async () => {
    world = await openSmsWorld({ isStarted: false });
    const stranger = { authToken: 'f'.repeat(32), reach: world.twilio.reach };
    expect(await postSigned(stranger, WEBHOOK, formOf({ To: '+12025550777' }))).toBe(403);
    expect(await logged()).toEqual([]);
  });
});

describe('errors', () => {
  test('are listed newest first, and resolved alone or with those that are alike', async () => {
    world = await openSmsWorld({ isStarted: false });
    const { books } = world;
    let now = Date.parse('2026-03-01T12:00:00Z');
    const { log } = rememberingLog();
    const errors = createErrorLog(books.app, log, () => new Date(now));
    for (const code of ['20003', '20003', '30002', '20003']) {
      now += 60_000;
      await errors.record({ type: 'twilio_error', code, message: 'no', clientId: CLIENT });
    }
    await errors.record({ type: 'system_error', message: 'broken', isCritical: true });
    const list = (isOpenOnly: boolean, clientId: string | null = null) =>
      listErrors(books.pipeline, { clientId, isOpenOnly, most: 3 });
    const all = await list(false);
    expect([all.errors.length, all.found]).toEqual([3, 5]);
    const ofClient = await list(true, CLIENT);
    expect(ofClient.errors.map(({ code }) => code)).toEqual(['20003', '30002', '20003']);
    const id = ofClient.errors[0]?.errorId.slice(0, 8) ?? '';
    const resolve = (isForAlike: boolean) =>
      resolveErrors(books.pipeline, id, { notes: 'new token', isForAlike, now: new Date(now) });
    expect(await resolve(false)).toBe(1);
    expect((await list(true)).found).toBe(4);
    expect(await resolve(true)).toBe(3);
    expect((await list(true)).errors.map(({ type }) => type).sort()).toEqual([
      'system_error',
      'twilio_error',
    ]);
    const wrong = { notes: 'n', isForAlike: false, now: new Date(now) };
    await expect(resolveErrors(books.pipeline, '%', wrong)).rejects.toThrow(/no id/);
    await expect(resolveErrors(books.pipeline, '00000000', wrong)).rejects.toThrow(/no error/);
  });
});

test('a person whom the owner forgets is gone from every table, and gets no text', async () => {
  const canary = 'my secret canary phrase';
  world = await openSmsWorld({ openai: { answer: () => `about ${canary}` } });
  await world.text(ANA, canary);
  await world.settle();
  const sent = world.sentTo(ANA).length;
  await world.stopAgent();
  await world.text(ANA, `again ${canary}`);
  const named = { clientId: CLIENT, who: ANA, now: new Date() };
  await forgetSmsUser(world.books.app, named);
  world.startAgent();
  await world.settle();
  expect(world.sentTo(ANA)).toHaveLength(sent);
  expect(await listSmsUsers(world.books.app, CLIENT, new Date())).toEqual([]);
  const found = await world.findHolding(ANA, canary);
  expect(found).toEqual([]);
  await expect(forgetSmsUser(world.books.app, named)).rejects.toThrow(/nobody known/);
});
