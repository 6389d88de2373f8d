// Rules of the people who text, on a real Postgres: what whoever runs Daybook may change, and that no
// order of changes gives anybody more requests than a tier has, plus one upgrade a month.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query, withTransaction } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { addTestClient, createTestBooks, type TestBooks } from '../../core/test-support.ts';
import { forgetSmsUser, listSmsUsers, type SmsUserChanges, setSmsUser } from './sms-users.ts';
import { takeUnit } from './tasks.ts';

const MARCH = new Date('2026-03-15T12:00:00Z');
const APRIL = new Date('2026-04-15T12:00:00Z');
const clientId = 'acme';
let books: TestBooks;
let who: string;
let people = 0;

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
  await addTestClient(books.app, { clientId: 'other' });
});
afterAll(() => books.close());
beforeEach(async () => {
  people += 1;
  who = `+1303555${String(people).padStart(4, '0')}`;
  await text(who);
});

/** Somebody texts, for the first time or after being forgotten; returns the user. */
async function text(phone: string, now = MARCH): Promise<string> {
  const sql = loadSql('postgres/queries/resolve_sms_users');
  const id = `sms-${randomUUID().slice(0, 13)}`;
  const rows = await withTransaction(books.app, { clientId }, (connection) =>
    query<{ user_id: string }>(connection, sql, [clientId, [phone], [id], now]),
  );
  return rows[0]?.user_id ?? '';
}

const set = (changes: SmsUserChanges, now = MARCH, of = who) =>
  setSmsUser(books.app, { clientId, who: of, now }, changes);

/** Asks `times`, all at once, with the limit of a tier; how often that was let through. */
async function ask(times: number, limit: number, month = '2026-03'): Promise<number> {
  const [user] = await find();
  const attempts = Array.from({ length: times }, () =>
    withTransaction(books.app, { clientId }, (connection) =>
      takeUnit(connection, clientId, user?.userId ?? '', { month, limit, now: MARCH }),
    ),
  );
  return (await Promise.all(attempts)).filter((isTaken) => isTaken).length;
}

async function find(now = MARCH) {
  return (await listSmsUsers(books.app, clientId, now)).filter(({ phone }) => phone === who);
}

describe('a person', () => {
  test('is changed by number or by pseudonym, and only what is named', async () => {
    const [before] = await find();
    const changed = await set({ tier: 'premium', isExecutive: true });
    expect(changed.user).toEqual({
      userId: before?.userId,
      phone: who,
      tier: 'premium',
      isActive: true,
      isAdmin: false,
      isExecutive: true,
      monthlyRequests: 0,
    });
    const again = await set({ isAdmin: true, isActive: false }, MARCH, changed.user.userId);
    expect(again.user).toMatchObject({ tier: 'premium', isExecutive: true, isAdmin: true });
    expect(again.user.isActive).toBe(false);
  });

  test('has a profile, of which each part is kept until it is told anew', async () => {
    await set({ profile: { email: 'ana@acme.example', timeZone: 'asia/kolkata' } });
    await set({ profile: { fullName: 'Ana', locale: 'pt-BR' } });
    const [user] = await find();
    const sql = `select email, full_name, locale, time_zone from user_profiles where user_id = $1`;
    expect(await query(books.owner, sql, [user?.userId])).toEqual([
      { email: 'ana@acme.example', full_name: 'Ana', locale: 'pt-BR', time_zone: 'Asia/Kolkata' },
    ]);
  });

  test.each([
    ['a mail address', { email: 'ana' }],
    ['a name', { fullName: ' ' }],
    ['a locale', { locale: 'no_such' }],
    ['a time zone', { timeZone: 'Mars/Base' }],
  ])('is not given what is not %s, and nothing else is changed', async (_what, profile) => {
    await expect(set({ tier: 'premium', profile })).rejects.toMatchObject({ code: 'ERR_USAGE' });
    expect((await find())[0]?.tier).toBe('free');
  });

  test('of another client, or nobody, is not found', async () => {
    const of = { clientId: 'other', who, now: MARCH };
    await expect(setSmsUser(books.app, of, { isAdmin: true })).rejects.toMatchObject({
      code: 'ERR_NOT_FOUND',
    });
    await expect(forgetSmsUser(books.app, of)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
    expect((await find())[0]?.isAdmin).toBe(false);
  });

  test('who is switched off is told so again only after having been switched on', async () => {
    const told = () =>
      query(
        books.owner,
        `update sms_users set inactive_told_at = now() where phone = $1 and not is_active`,
        [who],
      );
    const isTold = async () => {
      const sql = 'select inactive_told_at is not null as told from sms_users where phone = $1';
      return (await query<{ told: boolean }>(books.owner, sql, [who]))[0]?.told;
    };
    await set({ isActive: false });
    await told();
    await set({ isActive: false, tier: 'premium' });
    expect(await isTold()).toBe(true);
    await set({ isActive: true });
    expect(await isTold()).toBe(false);
  });
});

describe('an upgrade', () => {
  test('begins the count anew once in a month, however tiers go up and down', async () => {
    expect(await ask(60, 50)).toBe(50);
    expect(await set({ tier: 'premium' })).toMatchObject({ beganAnew: true });
    expect(await ask(60, 50)).toBe(50);
    for (const tier of ['free', 'premium', 'free', 'enterprise', 'premium', 'enterprise'] as const)
      expect(await set({ tier })).toMatchObject({
        beganAnew: false,
        user: { monthlyRequests: 50 },
      });
    expect(await ask(60, 50)).toBe(0);
    // Control: without the mark of the month, up and down would be a way to more.
    await query(books.owner, 'update sms_users set upgraded_month = null where phone = $1', [who]);
    await set({ tier: 'free' });
    expect(await set({ tier: 'premium' })).toMatchObject({ beganAnew: true });
    // The next month has an upgrade of its own.
    await set({ tier: 'free' }, APRIL);
    expect(await set({ tier: 'premium' }, APRIL)).toMatchObject({ beganAnew: true });
  });

  test('to the tier that one has, and a downgrade, begin nothing anew', async () => {
    await ask(7, 50);
    expect(await set({ tier: 'free' })).toMatchObject({ beganAnew: false });
    await set({ tier: 'enterprise' });
    await ask(7, 50);
    const down = await set({ tier: 'premium' });
    expect(down).toMatchObject({ beganAnew: false, user: { monthlyRequests: 7 } });
  });

  test('made many times at once begins the count anew once', async () => {
    await ask(50, 50);
    const tiers = ['premium', 'free', 'enterprise', 'free'] as const;
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        set({ tier: tiers[index % tiers.length] ?? 'free' }),
      ),
    );
    expect(results.filter(({ beganAnew }) => beganAnew)).toHaveLength(1);
  });

  test('among requests of the same moment lets through two limits, not more', async () => {
    const [asked, ...changes] = await Promise.all([
      ask(200, 50),
      ...(['premium', 'free', 'premium', 'free', 'premium'] as const).map((tier) => set({ tier })),
    ]);
    expect(changes.filter(({ beganAnew }) => beganAnew)).toHaveLength(1);
    expect((asked as number) + (await ask(200, 50))).toBeLessThanOrEqual(100);
    expect((await find())[0]?.monthlyRequests).toBe(50);
  });

  test('is used up also by whoever is forgotten and texts again', async () => {
    await ask(50, 50);
    await set({ tier: 'premium' });
    await ask(50, 50);
    await forgetSmsUser(books.app, { clientId, who, now: MARCH });
    expect(await find()).toEqual([]);
    await text(who);
    expect(await set({ tier: 'premium' })).toMatchObject({
      beganAnew: false,
      user: { monthlyRequests: 50 },
    });
    expect(await ask(10, 50)).toBe(0);
  });
});

describe('a month', () => {
  const turn = new Date('2026-04-01T00:30:00Z');

  test('that has begun is not left again by moving to a zone further west', async () => {
    await ask(50, 50);
    expect(await ask(60, 50, '2026-04')).toBe(50);
    expect(await ask(10, 50, '2026-03')).toBe(0);
    expect(await ask(10, 50, '2026-04')).toBe(0);
  });

  test('is the person’s own, also for an upgrade', async () => {
    await ask(50, 50);
    await set({ profile: { timeZone: 'America/New_York' } }, turn);
    expect((await find(turn))[0]?.monthlyRequests).toBe(50);
    expect(await set({ tier: 'premium' }, turn)).toMatchObject({ beganAnew: true });
    await set({ profile: { timeZone: 'Asia/Tokyo' } }, turn);
    await set({ tier: 'free' }, turn);
    // A new month there, with its own upgrade, and no way back to the old one.
    expect(await set({ tier: 'premium' }, turn)).toMatchObject({ beganAnew: true });
    await set({ profile: { timeZone: 'America/New_York' }, tier: 'free' }, turn);
    expect(await set({ tier: 'premium' }, turn)).toMatchObject({ beganAnew: false });
  });
});

test('a person who was forgotten is listed no more; the figures keep the pseudonym', async () => {
  await set({ profile: { email: 'ana@acme.example' } });
  await ask(3, 50);
  const userId = await forgetSmsUser(books.app, { clientId, who, now: MARCH });
  expect(await find()).toEqual([]);
  const sql = `select phone, total_requests::int, is_active,
      (select count(*)::int from user_profiles where user_id = $1) as profiles
    from sms_users where user_id = $1`;
  expect(await query(books.owner, sql, [userId])).toEqual([
    { phone: null, total_requests: 3, is_active: false, profiles: 0 },
  ]);
  expect(await text(who)).not.toBe(userId);
});
