// Rules of the connection to Postgres: values keep their exactness, a lost connection ends neither
// the process nor the pool, and a deadlock is tried again.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Connection,
  copyToFile,
  createPool,
  isUnavailable,
  query,
  withTransaction,
} from './postgres.ts';
import { createTestBooks, silentLog, type TestBooks } from './test-support.ts';

let books: TestBooks;

beforeAll(async () => {
  books = await createTestBooks();
  await query(books.owner, 'create table counters (name text primary key, value int not null)');
  await query(books.owner, `insert into counters values ('left', 0), ('right', 0)`);
});

afterAll(() => books.close());

async function counterOf(name: string): Promise<number | undefined> {
  const sql = 'select value from counters where name = $1';
  const [row] = await query<{ value: number }>(books.owner, sql, [name]);
  return row?.value;
}

async function addOne(connection: Connection, name: string): Promise<void> {
  await query(connection, 'update counters set value = value + 1 where name = $1', [name]);
}

test('whole numbers beyond 2^53 and decimals arrive unchanged', async () => {
  const sql = 'select 9007199254740993::bigint as big, 0.100000000000000001::numeric as exact';
  expect(await query(books.owner, sql)).toEqual([
    { big: 9007199254740993n, exact: '0.100000000000000001' },
  ]);
});

test('a failing transaction leaves nothing behind, not on its connection either', async () => {
  const pool = createPool({
    url: books.ownerUrl,
    applicationName: 'tests',
    log: silentLog(),
    max: 1,
  });
  const before = await counterOf('left');
  const failing = withTransaction(pool, {}, async (connection) => {
    await addOne(connection, 'left');
    throw new Error('work failed');
  });
  await expect(failing).rejects.toThrow('work failed');
  expect(await counterOf('left')).toBe(before);
  expect(
    await withTransaction(pool, {}, async (connection) => query(connection, 'select 1 as one')),
  ).toEqual([{ one: 1 }]);
  await pool.end();
});

test('two that lock in opposite order both succeed; without another try one fails', async () => {
  const run = (attempt: typeof withTransaction | typeof once) => {
    const both = meeting(2);
    const change = (first: string, second: string) =>
      attempt(books.owner, {}, async (connection) => {
        await addOne(connection, first);
        await both();
        await addOne(connection, second);
      });
    return Promise.allSettled([change('left', 'right'), change('right', 'left')]);
  };
  const before = (await counterOf('left')) ?? 0;
  const states = async (attempt: typeof once) =>
    (await run(attempt)).map(({ status }) => status).sort();
  expect(await states(withTransaction)).toEqual(['fulfilled', 'fulfilled']);
  expect(await counterOf('left')).toBe(before + 2);
  // Control: the same work in plain transactions.
  expect(await states(once)).toEqual(['fulfilled', 'rejected']);
});

/** A transaction without another attempt. */
async function once<T>(
  pool: typeof books.owner,
  _options: object,
  work: (connection: Connection) => Promise<T>,
) {
  const connection = await pool.connect();
  try {
    await connection.query('begin');
    const result = await work(connection);
    await connection.query('commit');
    return result;
  } catch (error) {
    await connection.query('rollback');
    throw error;
  } finally {
    connection.release();
  }
}

/** Waits until `count` have come; later ones pass. */
function meeting(count: number): () => Promise<void> {
  let open = (): void => undefined;
  let missing = count;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return () => {
    missing -= 1;
    if (missing <= 0) open();
    return opened;
  };
}

describe('a connection that breaks', () => {
  const terminate = 'select pg_terminate_backend($1)';

  test('inside a transaction is told as unavailable, and the pool goes on', async () => {
    const pool = createPool({
      url: books.ownerUrl,
      applicationName: 'tests',
      log: silentLog(),
      max: 1,
    });
    const work = withTransaction(pool, {}, async (connection) => {
      const [row] = await query<{ pid: number }>(connection, 'select pg_backend_pid() as pid');
      await query(books.owner, terminate, [row?.pid]);
      return query(connection, 'select 1');
    });
    await expect(work).rejects.toMatchObject({ code: 'ERR_BOOKS_UNAVAILABLE' });
    expect(await query(pool, 'select 1 as one')).toEqual([{ one: 1 }]);
    await pool.end();
  });

  test('between two statements does not end the process', async () => {
    const pool = createPool({
      url: books.ownerUrl,
      applicationName: 'tests',
      log: silentLog(),
      max: 1,
    });
    const work = withTransaction(pool, {}, async (connection) => {
      const ended = new Promise((resolve) => connection.once('end', resolve));
      const [row] = await query<{ pid: number }>(connection, 'select pg_backend_pid() as pid');
      await query(books.owner, terminate, [row?.pid]);
      // The driver now emits "error" while nobody waits for a statement.
      await ended;
      return query(connection, 'select 1');
    });
    await expect(work).rejects.toMatchObject({ code: 'ERR_BOOKS_UNAVAILABLE' });
    expect(await query(pool, 'select 1 as one')).toEqual([{ one: 1 }]);
    await pool.end();
  });
});

test.each([
  [Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), true],
  [new AggregateError([Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })]), true],
  [Object.assign(new Error('starting'), { code: '57P03' }), true],
  [Object.assign(new Error('disk full'), { code: '53100' }), true],
  [Object.assign(new Error('read only'), { code: '25006' }), true],
  [Object.assign(new Error('duplicate key'), { code: '23505' }), false],
  [Object.assign(new Error('Connection terminated says a value'), { code: '22P02' }), false],
  [new Error('Connection terminated unexpectedly'), true],
  [new TypeError('x is undefined'), false],
])('%s: may succeed later is %s', (error, expected) => {
  expect(isUnavailable(error)).toBe(expected);
});

test('a full disk fails a copy at once, and the pool goes on', async () => {
  const many = 'select n, repeat(md5(n::text), 20) from generate_series(1, 100000) n';
  const copying = withTransaction(books.owner, {}, (connection) =>
    copyToFile(connection, many, '/dev/full'),
  );
  await expect(copying).rejects.toThrow(/ENOSPC/);
  expect(await query(books.owner, 'select 1 as one')).toEqual([{ one: 1 }]);
});
