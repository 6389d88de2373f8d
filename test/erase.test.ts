// Whoever is erased is gone from every store, and no figure changes: not a count of people, not a sum.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { periodContaining } from '../core/calendar.ts';
import { createLogin } from '../core/logins.ts';
import { query, withTransaction } from '../core/postgres.ts';
import { makeTestFolder, silentLog } from '../core/test-support.ts';
import { findSuppression } from '../ingest/store/consents.ts';
import { erasePerson, listErasures } from '../ingest/store/erase.ts';
import { setSmsUser } from '../ingest/store/sms-users.ts';
import { withCleanWarehouse } from '../pipeline/clean-warehouse.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { type Warehouse, withWarehouse } from '../pipeline/warehouse.ts';
import { findReport } from '../reports/catalog.ts';
import { bookCalls, MAIL, NAME } from './erased-person.ts';
import { CLIENT, openSmsWorld, person, type SmsWorld } from './sms-world.ts';
import { runDaybook } from './support.ts';

const NOW = new Date('2025-03-20T12:00:00Z');
const WORDS = 'the words of a canary';
const ANA = person(1);
const CANARIES = [MAIL, NAME, WORDS, ANA, 'talk-with-ana'];

/** Every rollup as it stands; ids in `renamed` read as their new ones. */
async function readFigures(warehouse: Warehouse, renamed: Map<string, string>) {
  const tables = await warehouse.rows<{ name: string }>(
    `select table_name as name from duckdb_tables() where schema_name = 'rollups' order by 1`,
  );
  const figures: Record<string, string[]> = {};
  for (const { name } of tables) {
    const rows = await warehouse.rows(`select * from rollups.${name}`);
    const lines = rows.map((row) =>
      JSON.stringify(row, (_key, value) => renamed.get(value) ?? value),
    );
    figures[name] = lines.sort();
  }
  return figures;
}

describe('a person who called and texted', () => {
  const folder = makeTestFolder();
  const paths = {
    warehouse: join(folder.path, 'w.duckdb'),
    staging: join(folder.path, 'staging'),
  };
  let world: SmsWorld;
  let smsId: string;

  beforeAll(async () => {
    world = await openSmsWorld({ openai: { answer: () => `about ${WORDS}` } });
    await world.text(ANA, WORDS);
    await world.text(person(2), 'USAGE');
    await world.settle();
    await world.text(ANA, 'STOP');
    await world.settle();
    await world.stopAgent();
    const [user] = await world.rows<{ user_id: string }>(
      'select user_id from sms_users where phone = $1',
      [ANA],
    );
    smsId = user?.user_id ?? '';
    const profile = { email: MAIL, fullName: NAME };
    await setSmsUser(world.books.app, { clientId: CLIENT, who: ANA, now: NOW }, { profile });
    await bookCalls(world.books);
    const { owner } = world.books;
    await query(
      owner,
      `insert into user_profiles (client_id, user_id, email, full_name) values ($1, $2, $2, $3)`,
      [CLIENT, MAIL, NAME],
    );
    await query(
      owner,
      `insert into error_logs (client_id, error_id, error_type, message, stack, is_critical,
         user_id, occurred_at, notes)
       values ($1, gen_random_uuid(), 'system_error', 'm', 's', false, $2, now(), 'see ' || $3),
         (null, gen_random_uuid(), 'system_error', 'of ' || $3, 's', false, null, now(), null)`,
      [CLIENT, smsId, NAME],
    );
    await query(
      owner,
      `insert into recipients (client_id, email, removed_at) values ($1, $2, now())`,
      [CLIENT, MAIL],
    );
    const login = { clientId: CLIENT, userId: MAIL, kind: 'user', label: NAME } as const;
    await createLogin(owner, login);
  });
  afterAll(async () => {
    await world.close();
    folder.remove();
  });

  const request = { clientId: CLIENT, askedBy: 'the privacy office', now: NOW };
  const refresh = (warehouse: Warehouse) =>
    refreshWarehouse({ pool: world.books.pipeline, warehouse, log: silentLog() });
  const clean = { pool: () => world.books.pipeline, paths, log: silentLog() };
  const open = <T>(work: (warehouse: Warehouse) => Promise<T>) =>
    withCleanWarehouse({ ...clean, pool: world.books.pipeline }, work);

  test('is gone from every table and from the warehouse, and no figure is another', async () => {
    const { owner } = world.books;
    const idsOf = () =>
      world.rows<{ event_id: string; user_id: string | null; conversation_id: string | null }>(
        'select event_id, user_id, conversation_id from usage_events order by event_id',
      );
    const held = await world.findHolding(...CANARIES);
    expect(held).toEqual(
      expect.arrayContaining(['users', 'usage_events', 'sms_users', 'error_logs', 'recipients']),
    );
    const before = await idsOf();
    const { content } = await open(async (warehouse) => {
      await refresh(warehouse);
      const sources = { pool: world.books.pipeline, warehouse, now: () => NOW };
      const march = periodContaining('month', '2025-03-05', 1);
      return findReport('executive').compose(sources, CLIENT, () => march);
    });
    const frozen = JSON.stringify(content);
    expect(frozen).toContain('a•••@people.example');
    for (const canary of CANARIES) expect(frozen).not.toContain(canary);
    expect(readFileSync(paths.warehouse).includes(MAIL)).toBe(true);

    const byId = await erasePerson(owner, { ...request, userId: MAIL });
    const byPhone = await erasePerson(owner, { ...request, phone: ANA });
    expect([byId, byPhone].map((receipts) => receipts.length)).toEqual([1, 1]);
    expect(byId[0]?.counts).toMatchObject({ usage_events: 8, conversations: 2, user_profiles: 1 });
    expect(await world.findHolding(...CANARIES, smsId)).toEqual([]);

    // Which id became which: the same calls under other names, one for one.
    const after = await idsOf();
    const renamed = new Map<string, string>();
    after.forEach((row, index) => {
      for (const key of ['user_id', 'conversation_id'] as const) {
        const [old, now] = [before[index]?.[key], row[key]];
        if (old && now && old !== now) renamed.set(old, now);
      }
    });
    expect(new Set(renamed.values()).size).toBe(renamed.size);
    expect(renamed.get(MAIL)).toBe(byId[0]?.pseudonym);
    renamed.set(smsId, byPhone[0]?.pseudonym ?? '');

    // The next copy takes the new names in place; a fresh one says the same.
    const old = await withWarehouse(paths, (warehouse) => readFigures(warehouse, renamed));
    const inPlace = await withWarehouse(paths, async (warehouse) => {
      await refresh(warehouse);
      return readFigures(warehouse, new Map());
    });
    expect(Object.keys(inPlace).length).toBeGreaterThan(5);
    expect(inPlace).toEqual(old);
    // Control: what was deleted from the file still stands in it.
    expect(readFileSync(paths.warehouse).includes(MAIL)).toBe(true);
    const afresh = await open(async (warehouse) => {
      await refresh(warehouse);
      await warehouse.run('checkpoint');
      return readFigures(warehouse, new Map());
    });
    expect(afresh).toEqual(old);
    const bytes = readFileSync(paths.warehouse);
    for (const canary of CANARIES)
      expect([canary, bytes.includes(canary)]).toEqual([canary, false]);
    // It is not made anew each time.
    const state = () => open((warehouse) => warehouse.rows('select * from raw.copy_state'));
    expect(await state()).toEqual(await state());
  });

  test('keeps costs and raw usage, and only tags that name nobody', async () => {
    const [row] = await listErasures(world.books.pipeline, CLIENT);
    expect(row?.finishedAt).toEqual(NOW);
    const calls = await world.rows(
      `select distinct raw_usage, tags, metadata, phone from usage_events where user_id = (
         select pseudonym from erasures where counts ? 'conversations' and counts ? 'user_profiles'
           and (counts ->> 'usage_events')::int = 8)`,
    );
    expect(calls).toEqual([{ raw_usage: { n: 1 }, tags: ['prod'], metadata: null, phone: null }]);
  });

  test('is still texted nothing: a STOP is final, though the number stands nowhere', async () => {
    const find = (phone: string) =>
      withTransaction(world.books.app, { clientId: CLIENT }, (connection) =>
        findSuppression(connection, CLIENT, phone),
      );
    expect([await find(ANA), await find(person(2))]).toEqual(['stop', null]);
    world.startAgent();
    const sent = world.sentTo(ANA).length;
    await world.text(ANA, 'Me again?');
    await world.settle();
    expect(world.sentTo(ANA)).toHaveLength(sent);
    await world.text(ANA, 'START');
    await world.text(ANA, 'And now?');
    await world.settle();
    expect(world.sentTo(ANA).length).toBeGreaterThan(sent);
    await world.stopAgent();
  });

  test('is known to nobody when erased again, and the receipt tells why', async () => {
    const again = erasePerson(world.books.owner, { ...request, userId: MAIL });
    await expect(again).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
    const env = { DATABASE_URL: world.books.ownerUrl };
    const listed = await runDaybook(['erase', '--list', '--client', CLIENT], env);
    expect(listed.stdout).toMatch(/erased-[a-z]{14} +the privacy office +2025-03-20 12:00:00Z/);
    for (const canary of CANARIES) expect(listed.stdout).not.toContain(canary);
  });

  test('a number of ours is nobody’s and is refused', async () => {
    const ours = erasePerson(world.books.owner, { ...request, phone: '+12025550123' });
    await expect(ours).rejects.toThrow(/a number of ours/);
  });
});
