// An erasure that is cut off anywhere is finished by asking for it again, and one that meets the
// application at work takes along what is booked meanwhile.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Pool, query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, type TestBooks } from '../core/test-support.ts';
import { erasePerson, listErasures } from '../ingest/store/erase.ts';
import { bookEvents, insertEvents } from './booked-events.ts';
import { bookCalls, MAIL } from './erased-person.ts';
import { CLIENT } from './sms-world.ts';
import { PROJECT_DIR, runDaybook } from './support.ts';

// Commands start a Node of their own, which takes seconds on a machine at work.
vi.setConfig({ testTimeout: 60_000 });

const NOW = new Date('2025-03-20T12:00:00Z');

describe('an erasure', () => {
  let books: TestBooks;
  beforeEach(async () => {
    books = await createTestBooks();
    await addTestClient(books.app);
    await bookCalls(books);
  });
  afterEach(() => books.close());

  const request = { clientId: CLIENT, userId: MAIL, askedBy: 'a test', now: NOW };
  const left = () =>
    query(
      books.owner,
      `select user_id from users where user_id = $1 union all
       select conversation_id from conversations where conversation_id = 'talk-with-ana'`,
      [MAIL],
    );

  test('that is cut off at every step is finished by the next, under one pseudonym', async () => {
    let crashes = 0;
    for (let step = 3; ; step += 1) {
      const error = await erasePerson(crashingAt(books.owner, step), request, { batchRows: 3 })
        .then(() => undefined)
        .catch((thrown: Error) => thrown);
      if (error === undefined) break;
      expect(error.message).toBe('crashed');
      crashes += 1;
      const open = await query(books.owner, 'select 1 from erasures where finished_at is null');
      expect(open).toHaveLength(1);
    }
    expect(crashes).toBeGreaterThan(3);
    expect(await left()).toEqual([]);
    const [receipt, ...others] = await listErasures(books.pipeline, CLIENT);
    expect(others).toEqual([]);
    expect(receipt?.counts).toMatchObject({ usage_events: 8, conversations: 2 });
    const users = await query(
      books.owner,
      `select user_id, count(*)::int as calls from usage_events group by 1 order by 1`,
    );
    expect(users).toEqual([
      { user_id: receipt?.pseudonym, calls: 8 },
      { user_id: 'somebody-else', calls: 8 },
      { user_id: null, calls: 8 },
    ]);
  });

  test('waits for a call that is being booked, and takes it along', async () => {
    const writer = await books.app.connect();
    await writer.query('begin');
    await writer.query(`select set_config('daybook.client_id', $1, true)`, [CLIENT]);
    await insertEvents(writer, CLIENT, [
      { id: 'late', at: '2025-03-19T00:00:00Z', user: MAIL, cost: '1' },
    ]);
    const erasing = erasePerson(books.owner, request);
    await waitForLock(books.owner);
    await writer.query('commit');
    writer.release();
    const [receipt] = await erasing;
    expect(receipt?.counts.usage_events).toBe(9);
    expect(await left()).toEqual([]);
  });

  test('of a command that is killed is finished by the same command', async () => {
    const holder = await books.owner.connect();
    await holder.query('begin');
    await holder.query(`select 1 from usage_events where event_id = 'call-21' for update`);
    const args = [join(PROJECT_DIR, 'bin/daybook.ts'), 'erase', '--user', MAIL];
    const env = { PATH: process.env.PATH ?? '', DATABASE_URL: books.ownerUrl };
    const child = spawn(process.execPath, args, { env, stdio: 'ignore' });
    await waitForLock(books.owner);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    await holder.query('rollback');
    holder.release();
    expect(await left()).not.toEqual([]);
    const finished = await runDaybook(args.slice(1), { DATABASE_URL: books.ownerUrl });
    expect(finished.stdout).toMatch(/acme +erased-[a-z]{14}/);
    expect(finished.stdout + finished.stderr).not.toContain(MAIL);
    expect(await left()).toEqual([]);
  });

  test('asked of no client is done at each that knows the person, at no other', async () => {
    for (const clientId of ['beta', 'gamma']) await addTestClient(books.app, { clientId });
    await bookEvents(books.app, 'beta', [{ id: 'b', at: '2025-03-19T00:00:00Z', user: MAIL }]);
    const env = { DATABASE_URL: books.ownerUrl };
    const { stdout } = await runDaybook(['erase', '--user', MAIL, '--asked-by', 'Legal'], env);
    expect(stdout).toMatch(/acme .*\n.* beta /);
    expect(stdout).not.toContain('gamma');
    const nobody = await runDaybook(['erase', '--user', MAIL], env);
    expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining('erase --list')]);
  });
});

/** The pool of a process that dies before its nth transaction. */
function crashingAt(pool: Pool, step: number): Pool {
  let begun = 0;
  return new Proxy(pool, {
    get: (target, name) => {
      if (name !== 'connect') return Reflect.get(target, name, target);
      return () => {
        begun += 1;
        if (begun === step) throw new Error('crashed');
        return target.connect();
      };
    },
  });
}

async function waitForLock(owner: Pool): Promise<void> {
  const until = performance.now() + 15_000;
  const sql = `select 1 from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  while ((await query(owner, sql)).length === 0) {
    if (performance.now() > until) throw new Error('nobody waits for a lock');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
