// Rules of what a login sees in SQL: its client or its user and nothing else, whatever it sets,
// shadows or asks; an analyst no personal data, a login without a client nothing at all.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loginUrl } from '../core/logins.ts';
import { type Pool, query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, type TestBooks } from '../core/test-support.ts';
import {
  bookAdjustments,
  bookCalls,
  dropLogins,
  type OpenLogin,
  openLogin,
  openPool,
} from './sql-logins.ts';

/** Stands in every text column of the other client, and of the own client's other user. */
const CANARY = 'canary';
const PERSONAL = 'personal';
const AT = '2025-03-18T10:00:00Z';

let books: TestBooks;
const logins = new Map<string, OpenLogin>();

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app, { clientId: 'acme', name: 'Acme' });
  await addTestClient(books.app, { clientId: CANARY, name: CANARY });
  const call = { at: AT, cost: '1', computed: '1', costStatus: 'computed', phone: PERSONAL };
  await bookCalls(books.app, 'acme', [
    { id: 'own', user: 'ann', model: 'm', ...call },
    { id: 'bobs', user: 'bob', model: 'bobs-model', ...call },
    { id: 'nobodys', model: 'm', ...call },
  ]);
  await bookCalls(books.app, CANARY, [
    { id: CANARY, user: 'ann', model: CANARY, provider: CANARY, ...call },
    { id: `${CANARY}-2`, user: CANARY, model: CANARY, provider: CANARY, ...call },
  ]);
  for (const [client, event] of [
    ['acme', 'own'],
    ['acme', 'bobs'],
    [CANARY, CANARY],
  ] as const) {
    await bookAdjustments(books.app, client, [
      { event, cost: '2', computed: '2', status: 'computed' },
    ]);
  }
  await query(
    books.owner,
    `insert into user_profiles (client_id, user_id, email, full_name)
     select client_id, user_id, $1 || '@' || user_id || '.example', $1 from users`,
    [PERSONAL],
  );
  logins.set('analyst', await openLogin(books, 'acme', 'analyst'));
  logins.set('service', await openLogin(books, 'acme', 'service'));
  logins.set('user', await openLogin(books, 'acme', 'user', 'ann'));
  logins.set('unmapped', await openUnmapped());
  await query(books.owner, 'analyze');
});

afterAll(async () => {
  await dropLogins(books, logins.values());
  await books.close();
});

/** A member of the group whom no row of database_logins names. */
async function openUnmapped() {
  const role = `test_${randomBytes(6).toString('hex')}`;
  await query(books.owner, `create role ${role} login password 'x' in role daybook_application`);
  return { role, pool: openPool(loginUrl(books.ownerUrl, role, 'x')) };
}

const ask = (kind: string, sql: string, values: unknown[] = []) =>
  query(logins.get(kind)?.pool as Pool, sql, values);
const refusal = (kind: string, sql: string) =>
  ask(kind, sql).then(
    (rows) => rows,
    (error: { code?: string }) => error.code,
  );

const RELATIONS = [
  'usage_calls',
  'user_request_analytics',
  'user_recent_activity',
  'tokens_usage',
  'users',
  'user_profiles',
];
const COLUMNS: Record<string, string> = {
  clients: 'client_id, name, time_zone, week_start, currency, locale',
  usage_events: 'client_id, event_id, user_id, provider, model',
  cost_adjustments: 'client_id, event_id, new_cost',
  database_logins: 'client_id, user_id, kind',
};
const CALLS = (client: string, user: string) => [
  `get_daily_usage('${client}', 3660, '2025-03-18T12:00:00Z')`,
  `get_weekly_evolution('${client}', 520, '2025-03-18T12:00:00Z')`,
  `get_monthly_summary('${client}', 2025, 3)`,
  `sum_usage_of_periods('${client}', '2025-03-01', '2025-04-01', '1 day')`,
  `get_user_request_history('${user}')`,
  `get_user_token_breakdown('${user}')`,
];

/** All that a login can read by name, as one text. */
async function readAll(kind: string): Promise<string> {
  const statements = [
    ...RELATIONS.map((name) => `select * from ${name}`),
    ...Object.entries(COLUMNS).map(([name, columns]) => `select ${columns} from ${name}`),
    ...CALLS('acme', 'ann').map((call) => `select * from ${call}`),
  ];
  const rows = [];
  for (const sql of statements) rows.push(await ask(kind, sql));
  return JSON.stringify(rows, (_key, value) => (typeof value === 'bigint' ? `${value}` : value));
}

describe('what is read', () => {
  test('by the owner holds the canaries that the others must not see (control)', async () => {
    const rows = await query(books.owner, 'select * from usage_calls, user_profiles');
    const text = JSON.stringify(rows);
    for (const word of [CANARY, PERSONAL, 'bobs']) expect(text).toContain(word);
  });

  test('by an analyst is the whole client, without phones, mail addresses and names', async () => {
    const text = await readAll('analyst');
    for (const word of ['own', 'bobs', 'nobodys']) expect(text).toContain(word);
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain(PERSONAL);
    expect(await ask('analyst', 'select * from user_profiles')).toEqual([]);
    for (const column of ['phone', 'metadata', 'raw_usage', '*']) {
      expect(await refusal('analyst', `select ${column} from usage_events`)).toBe('42501');
    }
  });

  test('by a service is the whole client, personal data included', async () => {
    const text = await readAll('service');
    for (const word of ['own', 'bobs', 'nobodys', PERSONAL]) expect(text).toContain(word);
    expect(text).not.toContain(CANARY);
    expect(await ask('service', 'select distinct phone from usage_events')).toEqual([
      { phone: PERSONAL },
    ]);
  });

  test('by a user are his own rows', async () => {
    const text = await readAll('user');
    expect(text).toContain('own');
    expect(text).toContain(`${PERSONAL}@ann.example`);
    for (const word of [CANARY, 'bob', 'nobodys']) expect(text).not.toContain(word);
    const [sums] = await ask(
      'user',
      `select sum(request_count)::int as calls, sum(total_cost) as cost
       from get_monthly_summary('acme', 2025, 3)`,
    );
    expect(sums).toEqual({ calls: 1, cost: '2' });
    expect(await ask('user', 'select event_id from cost_adjustments')).toEqual([
      { event_id: 'own' },
    ]);
  });

  test('by a login that no client has is nothing', async () => {
    expect(await readAll('unmapped')).toMatch(/^\[(\[\],?)+\]$/);
  });

  test.each(['analyst', 'service', 'user', 'unmapped'])(
    'of another client, by name, is nothing: %s',
    async (kind) => {
      for (const call of CALLS(CANARY, CANARY)) {
        expect([call, await ask(kind, `select * from ${call}`)]).toEqual([call, []]);
      }
      for (const relation of [...RELATIONS, ...Object.keys(COLUMNS)]) {
        const sql = `select count(*)::int as rows from ${relation} where client_id = $1`;
        expect(await ask(kind, sql, [CANARY])).toEqual([{ rows: 0 }]);
      }
    },
  );

  test('of another user, by name, is nothing for a user and is there for a service', async () => {
    for (const call of ["get_user_request_history('bob')", "get_user_token_breakdown('bob')"]) {
      expect(await ask('user', `select * from ${call}`)).toEqual([]);
      expect(await ask('service', `select * from ${call}`)).toHaveLength(1);
    }
  });

  test('ends with the row that maps the login, also in an open session', async () => {
    const login = await openLogin(books, 'acme', 'analyst');
    const count = () => query(login.pool, 'select count(*)::int as rows from usage_calls');
    expect(await count()).toEqual([{ rows: 3 }]);
    await query(books.owner, 'delete from database_logins where role_name = $1', [login.role]);
    expect(await count()).toEqual([{ rows: 0 }]);
    await login.pool.end();
    await query(books.owner, `drop role ${login.role}`);
  });
});

describe('writing', () => {
  test.each(['analyst', 'service', 'user'])('books are refused to %s', async (kind) => {
    for (const change of [
      "update usage_events set model = 'x'",
      'delete from usage_events',
      "insert into usage_events (client_id, event_id) values ('acme', 'forged')",
      "insert into users (client_id, user_id) values ('acme', 'forged')",
      "update users set user_id = 'forged'",
      "insert into cost_adjustments (client_id, event_id) values ('acme', 'own')",
      "update clients set time_zone = 'UTC'",
      "insert into database_logins values (session_user, 'canary', null, 'service', 'x')",
      "update database_logins set client_id = 'canary'",
      'truncate user_profiles',
    ]) {
      expect([change, await refusal(kind, change)]).toEqual([change, '42501']);
    }
  });

  test('his own profile is for the user, all profiles of the client for a service', async () => {
    const change = `update user_profiles set full_name = 'New', preferences = '{"dark": true}'
      returning client_id, user_id`;
    expect(await ask('user', change)).toEqual([{ client_id: 'acme', user_id: 'ann' }]);
    expect(await ask('service', change)).toHaveLength(2);
    expect(await refusal('analyst', change)).toBe('42501');
    const others = `select distinct full_name from user_profiles where client_id = '${CANARY}'`;
    expect(await query(books.owner, others)).toEqual([{ full_name: PERSONAL }]);
  });

  test('a profile cannot be moved or made for another user or client', async () => {
    for (const [kind, change] of [
      ['user', "update user_profiles set user_id = 'bob'"],
      ['user', "update user_profiles set updated_at = '2000-01-01Z'"],
      ['service', `update user_profiles set client_id = '${CANARY}'`],
      ['user', "insert into user_profiles (client_id, user_id) values ('acme', 'bob')"],
      ['service', `insert into user_profiles (client_id, user_id) values ('${CANARY}', 'ann')`],
    ] as const) {
      expect([change, await refusal(kind, change)]).toEqual([change, '42501']);
    }
    expect(
      await ask('user', "delete from user_profiles where user_id = 'bob' returning 1"),
    ).toEqual([]);
  });

  test('a profile can be forgotten and told again', async () => {
    const tell = `insert into user_profiles (client_id, user_id, email)
      values ('acme', 'ann', 'ann@new.example') returning email`;
    expect(await ask('user', 'delete from user_profiles returning user_id')).toHaveLength(1);
    expect(await ask('user', tell)).toEqual([{ email: 'ann@new.example' }]);
  });

  test.each([
    ['email', "'no address'"],
    ['full_name', "'  '"],
    ['locale', "'english!'"],
    ['time_zone', "'; drop table'"],
    ['preferences', "'[]'"],
    ['preferences', `jsonb_build_object('x', repeat('x', 20000))`],
  ])('a profile with a wrong %s is refused: %s', async (column, value) => {
    expect(await refusal('user', `update user_profiles set ${column} = ${value}`)).toBe('23514');
  });
});
