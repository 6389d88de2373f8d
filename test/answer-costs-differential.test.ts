// The costs of random answers, told, estimated, unknown and repriced, in several currencies: the view
// of the books and the rollups of the warehouse agree to the last decimal on every day, week and month.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, silentLog, type TestBooks } from '../core/test-support.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { bookLoneText, bookTasks } from './sms-rows.ts';
import { createTestWarehouse, type TestWarehouse } from './test-warehouse.ts';

// Postgres' zone data and ours agree on this zone and year. A row that nothing but an estimate or a
// fee that nobody knows stands in is left out on both sides: each has it for reasons of its own.
const BOOKED = `
  select to_char(date_trunc($2, received_at at time zone 'Europe/Vienna'), 'YYYY-MM-DD') as start,
    status, category, user_id, conversation_id, currency, sum(tasks)::text as tasks,
    sum(inbound_texts)::text as inbound_texts, sum(outbound_texts)::text as outbound_texts,
    sum(inbound_segments)::text as inbound_segments,
    sum(outbound_segments)::text as outbound_segments,
    sum(coalesce(inbound_cost, 0))::numeric(38, 18)::text as inbound_cost,
    sum(coalesce(outbound_cost, 0))::numeric(38, 18)::text as outbound_cost,
    sum(coalesce(carrier_fee, 0))::numeric(38, 18)::text as carrier_fee,
    sum(coalesce(told_text_cost, 0))::numeric(38, 18)::text as told_cost,
    sum(texts_without_price)::text as texts_without_price, sum(calls)::text as calls,
    sum(coalesce(model_cost, 0))::numeric(38, 18)::text as model_cost,
    sum(coalesce(transcription_cost, 0))::numeric(38, 18)::text as transcription_cost,
    sum(parts_of_unknown_cost)::text as unknown_parts,
    sum(cost)::numeric(38, 18)::text as cost
  from task_costs where client_id = $1 group by 1, 2, 3, 4, 5, 6
  having sum(tasks + inbound_texts + outbound_texts + calls) > 0 or sum(carrier_fee) > 0
  order by 1, 2, 3, 4, 5, 6`;
const ROLLED = `
  select period_start::varchar as start, status, category, user_id, conversation_id, currency,
    sum(tasks)::varchar as tasks,
    sum(inbound_texts)::varchar as inbound_texts, sum(outbound_texts)::varchar as outbound_texts,
    sum(inbound_segments)::varchar as inbound_segments,
    sum(outbound_segments)::varchar as outbound_segments,
    sum(inbound_told_cost + inbound_estimated_cost)::varchar as inbound_cost,
    sum(outbound_told_cost + outbound_estimated_cost)::varchar as outbound_cost,
    sum(carrier_fee)::varchar as carrier_fee,
    sum(inbound_told_cost + outbound_told_cost)::varchar as told_cost,
    sum(inbound_texts + outbound_texts - told_texts)::varchar as texts_without_price,
    sum(calls)::varchar as calls, sum(model_cost)::varchar as model_cost,
    sum(transcription_cost)::varchar as transcription_cost,
    sum(unknown_inbound_texts + unknown_outbound_texts + unknown_model_calls
      + unknown_transcriptions)::varchar as unknown_parts,
    sum(inbound_told_cost + outbound_told_cost + inbound_estimated_cost + outbound_estimated_cost
      + carrier_fee + model_cost + transcription_cost)::varchar as cost
  from rollups.answer_costs_by_period
  where client_id = $clientId::varchar and period_kind = $kind::varchar and status is not null
  group by 1, 2, 3, 4, 5, 6
  having sum(tasks + inbound_texts + outbound_texts + calls) > 0 or sum(carrier_fee) > 0
  order by 1, 2, 3, 4, 5, 6`;

const amount = fc.oneof(
  fc.constantFrom('0', '0.000000000000000001', '999999999999.999999999999999999'),
  fc.bigInt(0n, 10n ** 18n - 1n).map((units) => `0.${String(units).padStart(18, '0')}`),
);
const currency = fc.constantFrom('USD', 'EUR', 'JPY');
const text = fc.record({
  currency,
  direction: fc.constantFrom('inbound' as const, 'outbound' as const),
  segments: fc.integer({ min: 1, max: 10 }),
  price: fc.option(amount),
  estimate: fc.option(amount),
  fee: fc.option(amount),
});
const call = fc.record({
  currency,
  purpose: fc.constantFrom('answer' as const, 'transcription' as const),
  cost: fc.option(amount),
});
const task = fc.record({
  at: fc.integer({ min: 0, max: 8_000 }).map((hours) => {
    return new Date(Date.UTC(2025, 0, 2) + hours * 3_600_000).toISOString();
  }),
  user: fc.constantFrom('sms-1', 'sms-2'),
  conversation: fc.constantFrom('talk-1', 'talk-2'),
  category: fc.constantFrom('general', 'coding'),
  status: fc.constantFrom('received', 'working', 'answered', 'failed', 'ignored'),
  texts: fc.array(text, { minLength: 1, maxLength: 4 }),
  calls: fc.array(call, { maxLength: 3 }),
});
/** Which calls are repriced, and to what; several times one after the other. */
const reprices = fc.array(fc.record({ nth: fc.nat(60), cost: fc.option(amount) }), {
  maxLength: 10,
});

let books: TestBooks;
let held: TestWarehouse;
beforeAll(async () => {
  books = await createTestBooks();
  held = await createTestWarehouse();
});
afterAll(async () => {
  held.remove();
  await books.close();
});

const refresh = () =>
  refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log: silentLog() });

async function reprice(clientId: string, nth: number, cost: string | null): Promise<void> {
  await query(
    books.owner,
    `insert into cost_adjustments (client_id, event_id, reprice_id, old_cost_status, new_cost,
       new_computed_cost, new_cost_status, currency, reason, recorded_at)
     select client_id, event_id, gen_random_uuid(), 'unpriced', $3::numeric, $3,
       case when $3 is null then 'unpriced' else 'computed' end, 'USD', 'a test', now()
     from usage_events where client_id = $1 order by event_id offset $2 limit 1`,
    [clientId, nth, cost],
  );
}

let clients = 0;
test('the books and the warehouse agree on what every answer cost', async () => {
  const property = fc.asyncProperty(
    fc.array(task, { minLength: 1, maxLength: 30 }),
    reprices,
    async (tasks, changes) => {
      clients += 1;
      const clientId = `c${clients}`;
      await addTestClient(books.app, { clientId, timeZone: 'Europe/Vienna' });
      const booked = tasks.map((one, index) => ({ ...one, id: `t${index}` }));
      const half = Math.ceil(booked.length / 2);
      await bookTasks(books.owner, clientId, booked.slice(0, half));
      const lone = { id: 'lone', at: '2025-03-18T10:00:00Z', price: '5' };
      await bookLoneText(books.owner, clientId, lone);
      await refresh();
      if (half < booked.length) await bookTasks(books.owner, clientId, booked.slice(half));
      for (const { nth, cost } of changes) await reprice(clientId, nth, cost);
      await refresh();
      for (const kind of ['day', 'week', 'month']) {
        const expected = await query(books.pipeline, BOOKED, [clientId, kind]);
        expect(await held.warehouse.rows(ROLLED, { clientId, kind })).toEqual(expected);
      }
    },
  );
  await fc.assert(property, { numRuns: 8 });
}, 60_000);

test('control: a reprice that only one side knows is seen', async () => {
  await addTestClient(books.app, { clientId: 'control', timeZone: 'Europe/Vienna' });
  const calls = [{ cost: '1' }];
  await bookTasks(books.owner, 'control', [{ id: 'a', at: '2025-03-18T10:00:00Z', calls }]);
  await refresh();
  await reprice('control', 0, '2');
  const [booked] = await query(books.pipeline, BOOKED, ['control', 'day']);
  const [rolled] = await held.warehouse.rows(ROLLED, { clientId: 'control', kind: 'day' });
  expect(booked?.model_cost).toBe('2.000000000000000000');
  expect(rolled?.model_cost).toBe('1.000000000000000000');
});
