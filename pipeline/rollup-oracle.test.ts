// The rollups against a recomputation by another engine: whatever the events, however late and in
// whatever order, Postgres finds the same figures in the books.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, silentLog } from '../core/test-support.ts';
import { type BookedEvent, bookEvents } from '../test/booked-events.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { refreshWarehouse } from './refresh.ts';

let books: Awaited<ReturnType<typeof createTestBooks>>;
let held: TestWarehouse;
let clients = 0;
beforeAll(async () => {
  books = await createTestBooks();
  held = await createTestWarehouse();
});
afterAll(async () => {
  held.remove();
  await books.close();
});

const refresh = () => {
  return refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log: silentLog() });
};

const ZONES = [
  'Europe/Vienna',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Pacific/Chatham',
];
// The days around which these zones change their clocks, 2025.
const TURNS = [
  '2025-03-09',
  '2025-03-30',
  '2025-04-06',
  '2025-09-28',
  '2025-10-05',
  '2025-10-26',
  '2025-11-02',
];
const anyEvent = fc.record({
  turn: fc.constantFrom(...TURNS),
  seconds: fc.integer({ min: -36 * 3_600, max: 60 * 3_600 }),
  cost: fc.option(
    fc.integer({ min: 0, max: 10 ** 9 }).map((units) => (units / 10 ** 9).toFixed(12)),
  ),
  input: fc.option(fc.integer({ min: 0, max: 10 ** 9 })),
  user: fc.option(fc.constantFrom('u1', 'u2')),
  currency: fc.constantFrom('USD', 'EUR'),
});

// Postgres' zone data and ours agree on these zones and year.
const ORACLE = `
  select
    kind,
    to_char(date_trunc(kind, occurred_at at time zone time_zone), 'YYYY-MM-DD') as start,
    usage_events.currency,
    count(*)::text as calls,
    coalesce(sum(reported_cost), 0)::numeric(38, 18)::text as cost,
    coalesce(sum(input_tokens), 0)::text as tokens
  from usage_events
  inner join clients using (client_id)
  cross join unnest(array['day', 'week', 'month']) as kinds (kind)
  where client_id = $1 group by 1, 2, 3 order by 1, 2, 3`;
const ROLLED = `
  select
    period_kind as kind,
    period_start::varchar as start,
    currency,
    sum(calls)::varchar as calls,
    sum(reported_cost)::varchar as cost,
    sum(input_tokens)::varchar as tokens
  from rollups.usage_by_period
  where client_id = $clientId::varchar group by 1, 2, 3 order by 1, 2, 3`;

test('late and shuffled events come out as one recomputation, in every zone', async () => {
  const property = fc.asyncProperty(
    fc.constantFrom(...ZONES),
    fc.array(anyEvent, { minLength: 1, maxLength: 60 }),
    fc.integer({ min: 1, max: 3 }),
    async (timeZone, given, batches) => {
      clients += 1;
      const clientId = `oracle-${clients}`;
      await addTestClient(books.app, { clientId, timeZone });
      const events: BookedEvent[] = given.map(({ turn, seconds, ...rest }, index) => ({
        ...rest,
        id: `e${index}`,
        at: new Date(Date.parse(`${turn}T00:00:00Z`) + seconds * 1_000).toISOString(),
      }));
      for (let batch = 0; batch < batches; batch += 1) {
        const part = events.filter((_event, index) => index % batches === batch);
        if (part.length > 0) await bookEvents(books.app, clientId, part);
        await refresh();
      }
      const expected = await query(books.pipeline, ORACLE, [clientId]);
      expect(await held.warehouse.rows(ROLLED, { clientId })).toEqual(expected);
    },
  );
  await fc.assert(property, { numRuns: 12, seed: 20250318 });
}, 60_000);

test('control: a day counted in UTC differs from the oracle', async () => {
  const clientId = 'chatham';
  await addTestClient(books.app, { clientId, timeZone: 'Pacific/Chatham' });
  await bookEvents(books.app, clientId, [{ id: 'a', at: '2025-03-17T23:00:00Z' }]);
  await refresh();
  const naive = await held.warehouse.rows(
    `select occurred_at::date as start from marts.usage_events
     where client_id = $clientId::varchar`,
    { clientId },
  );
  const [oracle] = await query(books.pipeline, ORACLE, [clientId]);
  expect(naive[0]?.start).not.toBe(oracle?.start);
});
