// The ledger lets one holder at a time work on a slot, retries what failed after its wait, and
// takes over from holders that are gone.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPool, type Pool, query, withTransaction } from '../core/postgres.ts';
import { deriveRoleUrl, PIPELINE_ROLE } from '../core/roles.ts';
import { addTestClient, createTestBooks, fixedClock, silentLog } from '../core/test-support.ts';
import { claimRun, executeRun, holdRun, LEASE_MS, type RunSlot } from './runs.ts';

const MINUTE_MS = 60_000;
const START = Date.parse('2025-03-18T07:00:00Z');
const minutes = (count: number) => new Date(START + count * MINUTE_MS);

let books: Awaited<ReturnType<typeof createTestBooks>>;
let slot: RunSlot;
beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
});
afterAll(() => books.close());
beforeEach(() => {
  slot = { job: `job ${randomUUID()}`, clientId: 'acme', slotAt: new Date(START) };
});

const claim = (at: Date) => claimRun(books.pipeline, slot, at);
const ledger = async () => {
  const rows = await query<Record<string, unknown>>(
    books.pipeline,
    'select state, fence, attempts, row_count, error, finished_at from runs where job = $1',
    [slot.job],
  );
  return rows[0];
};
/** Claims at an instant and lets the work end as told at the same instant. */
const runAt = async (at: Date, work: () => Promise<{ rowCount: number; value: string }>) => {
  const run = await claim(at);
  return run && executeRun(books.pipeline, run, () => at, work);
};
const succeed = async () => ({ rowCount: 3, value: 'made' });
const fail = async () => {
  throw new Error('no browser');
};

describe('8 claimers of 50 slots', () => {
  const slots = Array.from({ length: 50 }, (_, index) => minutes(index));
  const claimers = Array.from({ length: 8 }, (_, index) => index);

  /** Every claimer asks for every slot at once; returns how many were told that it is theirs. */
  async function race(claimOne: (pool: Pool, slot: RunSlot) => Promise<boolean>): Promise<number> {
    const url = deriveRoleUrl(books.ownerUrl, PIPELINE_ROLE);
    const pools = claimers.map(() =>
      createPool({ url, applicationName: 'tests', log: silentLog(), max: 1 }),
    );
    try {
      const won = await Promise.all(
        pools.map(async (pool) => {
          let count = 0;
          for (const slotAt of slots) count += (await claimOne(pool, { ...slot, slotAt })) ? 1 : 0;
          return count;
        }),
      );
      return won.reduce((sum, count) => sum + count, 0);
    } finally {
      await Promise.all(pools.map((pool) => pool.end()));
    }
  }

  test('make 50 claims', async () => {
    const won = await race(
      async (pool, one) => (await claimRun(pool, one, minutes(60))) !== undefined,
    );
    expect(won).toBe(50);
    const rows = await query(books.pipeline, 'select 1 from runs where job = $1', [slot.job]);
    expect(rows).toHaveLength(50);
  });

  test('control: under an advisory lock alone a slot is won again and again', async () => {
    const won = await race((pool, one) =>
      withTransaction(pool, {}, async (connection) => {
        const key = `${one.job} ${one.slotAt.toISOString()}`;
        const [row] = await query<{ locked: boolean }>(
          connection,
          'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as locked',
          [key],
        );
        return row?.locked === true;
      }),
    );
    expect(won).toBeGreaterThan(50);
  });

  test('control: looking first and inserting then lets two claimers win one slot', async () => {
    await query(books.owner, 'create table naive_runs (job text, slot_at timestamptz)');
    await query(books.owner, 'grant all on naive_runs to public');
    const values = [slot.job, slot.slotAt];
    const look = 'select 1 from naive_runs where job = $1 and slot_at = $2';
    const insert = 'insert into naive_runs values ($1, $2)';
    const looked = await Promise.all(claimers.map(() => query(books.pipeline, look, values)));
    const free = looked.filter((rows) => rows.length === 0);
    await Promise.all(free.map(() => query(books.pipeline, insert, values)));
    expect(await query(books.pipeline, look, values)).toHaveLength(8);
  });
});

test('a slot of no client is claimed once too', async () => {
  slot.clientId = null;
  expect(await claim(minutes(0))).toBeDefined();
  expect(await claim(minutes(0))).toBeUndefined();
});

test('the same slot of another job or client is another run', async () => {
  await addTestClient(books.app, { clientId: 'globex' });
  expect(await claim(minutes(0))).toBeDefined();
  slot = { ...slot, clientId: 'globex' };
  expect(await claim(minutes(0))).toBeDefined();
  slot = { ...slot, job: `${slot.job} week` };
  expect(await claim(minutes(0))).toBeDefined();
});

test('a run that succeeded is never claimed again, and the ledger tells what it did', async () => {
  expect(await runAt(minutes(0), succeed)).toBe('made');
  expect(await ledger()).toMatchObject({
    state: 'succeeded',
    row_count: 3n,
    attempts: 1,
    error: null,
  });
  expect(await claim(minutes(1_000_000))).toBeUndefined();
});

describe('a run that failed', () => {
  beforeEach(async () => {
    await expect(runAt(minutes(0), fail)).rejects.toThrow('no browser');
  });

  test('throws its error on and writes it down', async () => {
    expect(await ledger()).toMatchObject({ state: 'failed', error: 'no browser', row_count: null });
  });

  test('is retried after a minute, not before, and then after twice as long', async () => {
    expect(await claim(new Date(minutes(1).getTime() - 1))).toBeUndefined();
    await expect(runAt(minutes(1), fail)).rejects.toThrow();
    expect(await claim(new Date(minutes(3).getTime() - 1))).toBeUndefined();
    expect(await runAt(minutes(3), succeed)).toBe('made');
    expect(await ledger()).toMatchObject({ state: 'succeeded', attempts: 3, error: null });
  });

  test('is given up after ten attempts', async () => {
    let at = 0;
    for (let attempt = 2; attempt <= 10; attempt += 1) {
      at += 2 ** (attempt - 2);
      await expect(runAt(minutes(at), fail), `attempt ${attempt}`).rejects.toThrow('no browser');
    }
    expect(await claim(minutes(1_000_000))).toBeUndefined();
    expect(await ledger()).toMatchObject({ state: 'failed', attempts: 10 });
  });
});

describe('a holder that says nothing for 40 seconds', () => {
  test('keeps its run until then', async () => {
    await claim(minutes(0));
    const leaseEnd = START + LEASE_MS;
    expect(await claim(new Date(leaseEnd - 1))).toBeUndefined();
    expect(await claim(new Date(leaseEnd))).toMatchObject({ fence: 2n, attempts: 2 });
  });

  test('loses it too where the clock was set back since', async () => {
    await claim(minutes(0));
    expect(await claim(minutes(-4))).toBeUndefined();
    expect(await claim(minutes(-60))).toMatchObject({ fence: 2n });
  });

  test.each([
    ['success', succeed, 'another worker has taken over'],
    ['failure', fail, 'no browser'],
  ])('cannot write its %s over the work of the one that took over', async (_name, work, thrown) => {
    const first = await claim(minutes(0));
    const second = await claim(minutes(11));
    if (first === undefined || second === undefined) throw new Error('both should hold a claim');
    expect(second.runId).toBe(first.runId);
    const late = executeRun(books.pipeline, first, () => minutes(12), work);
    await expect(late).rejects.toThrow(thrown);
    expect(await ledger()).toMatchObject({ state: 'running', fence: 2n, finished_at: null });
    await executeRun(
      books.pipeline,
      second,
      () => minutes(13),
      async () => ({ rowCount: 5, value: '' }),
    );
    expect(await ledger()).toMatchObject({ state: 'succeeded', row_count: 5n });
  });

  test('control: without the fence its end would count', async () => {
    const first = await claim(minutes(0));
    await claim(minutes(11));
    const unfenced = `update runs set state = 'succeeded'
      where run_id = $1 and state = 'running' returning 1`;
    expect(await query(books.pipeline, unfenced, [first?.runId])).toHaveLength(1);
  });
});

test('when the ledger cannot be written, the error of the work is told', async () => {
  const clock = fixedClock('2025-03-18T07:00:00Z');
  const url = deriveRoleUrl(books.ownerUrl, PIPELINE_ROLE);
  const pool = createPool({ url, applicationName: 'tests', log: silentLog(), max: 1 });
  const run = await claimRun(pool, slot, clock.now());
  if (run === undefined) throw new Error('the slot should be free');
  const lost = executeRun(pool, run, clock.now, async () => {
    await pool.end();
    throw new Error('no browser');
  });
  await expect(lost).rejects.toThrow('no browser');
  // Nobody wrote an end: the lease decides.
  expect(await ledger()).toMatchObject({ state: 'running' });
});

describe('a run under way', () => {
  /** Claims, and executes work that goes on until told. */
  async function begin(options: Parameters<typeof executeRun>[4] = {}) {
    const run = await claim(minutes(0));
    if (run === undefined) throw new Error('the slot should be free');
    const finish = Promise.withResolvers<void>();
    const seen = Promise.withResolvers<AbortSignal>();
    const clock = fixedClock(minutes(0).toISOString());
    const ended = executeRun(
      books.pipeline,
      run,
      clock.now,
      async ({ signal }) => {
        seen.resolve(signal);
        await finish.promise;
        return { rowCount: 1, value: 'made' };
      },
      { heartbeatMs: 10, drainMs: 50, ...options },
    );
    ended.catch(() => undefined);
    return { run, ended, finish, clock, signal: await seen.promise };
  }
  const lease = async () => {
    const sql = 'select lease_until from runs where job = $1';
    const [row] = await query<{ lease_until: Date | null }>(books.pipeline, sql, [slot.job]);
    return row?.lease_until?.toISOString();
  };

  test('keeps its lease up as long as its holder lives', async () => {
    const { ended, finish, clock } = await begin();
    clock.set(minutes(30).toISOString());
    const renewed = new Date(minutes(30).getTime() + LEASE_MS).toISOString();
    await expect.poll(lease).toBe(renewed);
    expect(await claim(minutes(30))).toBeUndefined();
    finish.resolve();
    expect(await ended).toBe('made');
  });

  test('is told as soon as another has taken it over', async () => {
    const { ended, finish, signal } = await begin();
    expect(await claim(minutes(20))).toBeDefined();
    await expect.poll(() => signal.aborted).toBe(true);
    finish.resolve();
    await expect(ended).rejects.toMatchObject({ code: 'ERR_RUN_LOST' });
  });

  test('is finished by a worker that stops, if that takes not long', async () => {
    const stop = new AbortController();
    const { ended, finish, signal } = await begin({ stop: stop.signal, drainMs: 10_000 });
    stop.abort();
    expect(signal.aborted).toBe(true);
    finish.resolve();
    expect(await ended).toBe('made');
  });

  test('is given back by a worker that stops, without having lost an attempt', async () => {
    const stop = new AbortController();
    const { run, ended } = await begin({ stop: stop.signal });
    await query(books.owner, `update runs set kind = 'k' where run_id = $1`, [run.runId]);
    stop.abort();
    await expect(ended).rejects.toMatchObject({ code: 'ERR_STOPPED' });
    expect(await ledger()).toMatchObject({ state: 'due', attempts: 0, fence: 2n });
    expect(await claim(minutes(0))).toMatchObject({ attempts: 1, fence: 3n });
    // What it still does takes no effect.
    const late = withTransaction(books.pipeline, {}, (connection) => holdRun(connection, run));
    await expect(late).rejects.toMatchObject({ code: 'ERR_RUN_LOST' });
  });

  test('that is held cannot be taken over before what holds it has committed', async () => {
    const run = await claim(minutes(0));
    const order: string[] = [];
    const taken = withTransaction(books.pipeline, {}, async (connection) => {
      if (run !== undefined) await holdRun(connection, run);
      const taking = claim(minutes(20)).then((next) => order.push(`taken ${next?.fence}`));
      await query(connection, 'select pg_sleep(0.1)');
      order.push('committed');
      return { taking };
    });
    await (await taken).taking;
    expect(order).toEqual(['committed', 'taken 2']);
  });
});
