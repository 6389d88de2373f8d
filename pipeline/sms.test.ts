// Given tasks, texts and calls, expected rollups: what each answer cost, by day, week and month of the
// client's own, every part apart and the unknown counted, whatever is copied when.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, rememberingLog, silentLog } from '../core/test-support.ts';
import { type BookedTask, bookLoneText, bookTasks } from '../test/sms-rows.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { refreshWarehouse } from './refresh.ts';

let books: Awaited<ReturnType<typeof createTestBooks>>;
let held: TestWarehouse;
beforeAll(async () => {
  books = await createTestBooks();
});
afterAll(() => books.close());
beforeEach(async () => {
  held = await createTestWarehouse();
});
afterEach(() => held.remove());

const refresh = () =>
  refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log: silentLog() });

let clients = 0;
/** A client with the tasks, copied and rolled up. */
async function clientWith(tasks: BookedTask[], fields = {}): Promise<string> {
  clients += 1;
  const clientId = `sms-${clients}`;
  await addTestClient(books.app, { clientId, ...fields });
  await bookTasks(books.owner, clientId, tasks);
  await refresh();
  return clientId;
}

/** The columns of the client's cost rows of a kind, as one text a row. */
async function costsOf(clientId: string, columns: string, kind = 'day'): Promise<string[]> {
  const rows = await held.warehouse.rows(
    `select ${columns} from rollups.answer_costs_by_period
     where client_id = $clientId::varchar and period_kind = $kind::varchar
     group by all order by all`,
    { clientId, kind },
  );
  return rows.map((row) => Object.values(row).join(' '));
}

const AT = '2025-03-18T12:00:00Z';
const DIMENSIONS = 'period_start, currency, status, category, user_id, conversation_id';

test('an answer costs its texts, the carrier’s fee and its calls, each part apart', async () => {
  const clientId = await clientWith([
    {
      id: 'a',
      at: AT,
      category: 'coding',
      texts: [
        { segments: 1, price: '0.0075', estimate: '0.0079' },
        { segments: 3, estimate: '0.0249', fee: '0.009' },
      ],
      calls: [{ cost: '0.002' }, { cost: '0.0005' }, { purpose: 'transcription', cost: '0.006' }],
    },
  ]);
  const told = 'sum(inbound_told_cost) as a, sum(outbound_told_cost) as b';
  const estimated = 'sum(inbound_estimated_cost) as c, sum(outbound_estimated_cost) as d';
  for (const kind of ['day', 'week', 'month'] as const) {
    const start = { day: '2025-03-18', week: '2025-03-17', month: '2025-03-01' }[kind];
    expect(
      await costsOf(clientId, `${DIMENSIONS}, sum(tasks) as t, sum(answers) as n`, kind),
    ).toEqual([`${start} USD answered coding sms-1 talk 1 1`]);
    expect(await costsOf(clientId, `${told}, ${estimated}`, kind)).toEqual(['0.0075 0 0 0.0249']);
    expect(
      await costsOf(
        clientId,
        `sum(inbound_segments) as i, sum(outbound_segments) as o, sum(carrier_fee) as f,
         sum(model_cost) as m, sum(transcription_cost) as t, sum(calls) as c`,
        kind,
      ),
    ).toEqual(['1 3 0.009 0.0025 0.006 3']);
    expect(
      await costsOf(
        clientId,
        `sum(told_texts) as t, sum(compared_texts) as c, sum(compared_told_cost) as p,
         sum(compared_estimated_cost) as e`,
        kind,
      ),
    ).toEqual(['1 1 0.0075 0.0079']);
  }
});

test('what nobody knows adds nothing, is counted, and is never taken for free', async () => {
  const known = [{ price: '0.1' }, { price: '0.2', fee: '0' }];
  const clientId = await clientWith([
    { id: 'known', at: AT, texts: known, calls: [{}] },
    { id: 'text', at: AT, texts: [{}, { price: '0.2', fee: '0.01' }] },
    { id: 'fee', at: AT, texts: [{ price: '0.1' }, { price: '0.2' }] },
    { id: 'call', at: AT, texts: known, calls: [{ cost: null }] },
    {
      id: 'voice',
      at: AT,
      texts: known,
      calls: [{ purpose: 'transcription', cost: null }],
    },
    { id: 'failed', at: AT, status: 'failed', texts: [{}] },
  ]);
  expect(
    await costsOf(
      clientId,
      `status, sum(answers) as n, sum(answers_of_unknown_cost) as u,
       sum(unknown_inbound_texts) as i, sum(unknown_outbound_texts) as o, sum(unknown_fees) as f,
       sum(unknown_model_calls) as m, sum(unknown_transcriptions) as t`,
    ),
  ).toEqual(['answered 5 4 1 0 1 1 1', 'failed 0 0 1 0 0 0 0']);
});

test('a repriced call counts at its newest price, also where it was unknown', async () => {
  const clientId = await clientWith([{ id: 'a', at: AT, calls: [{ cost: null }] }]);
  const unknown = 'sum(model_cost) as m, sum(unknown_model_calls) as u';
  expect(await costsOf(clientId, unknown)).toEqual(['0 1']);
  for (const cost of ['0.5', '0.000000000000000001']) {
    await query(
      books.owner,
      `insert into cost_adjustments (client_id, event_id, reprice_id, old_cost_status, new_cost,
         new_computed_cost, new_cost_status, currency, reason, recorded_at)
       values ($1, 'a/0', gen_random_uuid(), 'unpriced', $2, $2, 'computed', 'USD', 'x', now())`,
      [clientId, cost],
    );
  }
  await refresh();
  expect(await costsOf(clientId, unknown)).toEqual(['0.000000000000000001 0']);
});

test('a text of no task costs on its own day, and is nobody’s answer', async () => {
  const clientId = await clientWith([{ id: 'a', at: AT, texts: [{ price: '1' }] }]);
  await bookLoneText(books.owner, clientId, { id: 'code', at: '2025-03-19T12:00:00Z', price: '2' });
  await refresh();
  expect(
    await costsOf(
      clientId,
      `period_start, coalesce(status, 'none') as s, sum(tasks) as t, sum(inbound_told_cost) as c`,
    ),
  ).toEqual(['2025-03-18 answered 1 1', '2025-03-19 none 0 2']);
});

describe('amounts of two currencies are never added', () => {
  const columns = `currency, sum(tasks) as t, sum(answers) as a,
    sum(answers_of_unknown_cost) as u, sum(inbound_told_cost + outbound_told_cost) as c,
    sum(inbound_estimated_cost + outbound_estimated_cost) as e, sum(carrier_fee) as f,
    sum(model_cost) as m, sum(compared_texts) as n`;

  test('of prices told in euros, estimates in dollars and calls; a task counts once', async () => {
    const euros = { estimate: '0.0083', currency: 'EUR' };
    const texts = [
      { ...euros, price: '0.007' },
      { ...euros, price: '0.08', fee: '0.003' },
    ];
    const calls = [{ cost: '0.0005' }, ...['2', null].map((cost) => ({ cost, currency: 'JPY' }))];
    const clientId = await clientWith([{ id: 'a', at: AT, texts, calls }]);
    expect(await costsOf(clientId, columns)).toEqual([
      'EUR 1 1 1 0.087 0 0 0 0',
      'JPY 0 0 0 0 0 0 2 0',
      'USD 0 0 0 0 0 0.003 0.0005 0',
    ]);
  });

  test('of a price told in euros with no fee at all, whose dollars are none', async () => {
    const texts = [{ price: '0.007', currency: 'EUR', fee: '0' }];
    const clientId = await clientWith([{ id: 'a', at: AT, texts: [...texts, ...texts] }]);
    expect(await costsOf(clientId, columns)).toEqual([
      'EUR 1 1 0 0.014 0 0 0 0',
      'USD 0 0 0 0 0 0 0 0',
    ]);
  });

  test('of an estimate in dollars, until a price is told in euros', async () => {
    const waiting = { estimate: '0.0083', currency: 'EUR' };
    const clientId = await clientWith([{ id: 'a', at: AT, texts: [waiting] }]);
    expect(await costsOf(clientId, columns)).toEqual(['USD 1 1 0 0 0.0083 0 0 0']);
    await query(books.owner, 'update sms_messages set price = 0.007 where client_id = $1', [
      clientId,
    ]);
    await refresh();
    expect(await costsOf(clientId, columns)).toEqual(['EUR 1 1 0 0.007 0 0 0 0']);
  });
});

test('all of an answer counts on its question’s day, by the client’s clock', async () => {
  const clientId = await clientWith(
    [
      { id: 'a', at: '2025-03-18T18:29:59.999999Z', seconds: 3_600, texts: [{ price: '1' }] },
      { id: 'b', at: '2025-03-18T18:30:00Z', texts: [{ price: '2' }] },
    ],
    { timeZone: 'Asia/Kolkata' },
  );
  const columns = 'period_start, sum(inbound_told_cost) as cost';
  expect(await costsOf(clientId, columns)).toEqual(['2025-03-18 1', '2025-03-19 2']);
});

test('tasks are counted by what became of them, with opt-outs and their time', async () => {
  const clientId = await clientWith([
    { id: 'a', at: AT, category: 'coding', seconds: 1.5 },
    { id: 'b', at: AT, category: 'coding', seconds: 2.25, late: true },
    { id: 'c', at: AT, status: 'failed', error: 'openai_timeout', seconds: 60 },
    { id: 'd', at: AT, status: 'failed', error: 'twilio_error', seconds: null },
    { id: 'e', at: AT, status: 'ignored', keyword: 'stop' },
    { id: 'f', at: AT, status: 'received', seconds: null },
  ]);
  const rows = await held.warehouse.rows(
    `select status, category, coalesce(error_type, '') as error, tasks, late_tasks, opt_outs,
       timed_tasks, processing_ms
     from rollups.tasks_by_period
     where period_kind = 'month' and client_id = $clientId::varchar order by all`,
    { clientId },
  );
  expect(rows.map((row) => Object.values(row).join(' '))).toEqual([
    'answered coding  2 1 0 2 3750',
    'failed general openai_timeout 1 0 0 1 60000',
    'failed general twilio_error 1 0 0 0 0',
    'ignored general  1 0 1 1 2000',
    'received general  1 0 0 0 0',
  ]);
});

describe('the copy', () => {
  test('takes along what changes later: a price told, an answer given', async () => {
    const clientId = await clientWith([
      { id: 'a', at: AT, status: 'working', seconds: null, texts: [{ estimate: '0.5' }] },
    ]);
    const columns = 'status, sum(inbound_told_cost) as t, sum(inbound_estimated_cost) as e';
    expect(await costsOf(clientId, columns)).toEqual(['working 0 0.5']);
    await query(books.owner, `update sms_messages set price = 0.25 where client_id = $1`, [
      clientId,
    ]);
    await query(books.owner, `update tasks set status = 'answered' where client_id = $1`, [
      clientId,
    ]);
    expect((await refresh()).isFresh).toBe(false);
    expect(await costsOf(clientId, columns)).toEqual(['answered 0.25 0']);
  });

  test('holds no number and no word of a text', async () => {
    const clientId = await clientWith([{ id: 'a', at: AT, error: 'twilio_error' }]);
    for (const table of ['raw.sms_messages', 'raw.tasks', 'raw.task_calls']) {
      const rows = await held.warehouse.rows(
        `select * from ${table} where client_id = $clientId::varchar`,
        { clientId },
      );
      expect(JSON.stringify(rows)).not.toMatch(/\+1202555|secret/);
    }
    // Control: the books do.
    const [row] = await query(books.owner, 'select * from sms_messages where client_id = $1', [
      clientId,
    ]);
    expect(JSON.stringify(row)).toMatch(/\+1202555.*secret/);
  });

  test.each([
    ['a text is gone', 'delete from raw.sms_messages where'],
    [
      'a price is off by 10^-18',
      `update raw.sms_messages set price = price + 1e-18::decimal(38, 18) where`,
    ],
    ['an estimate became a price', 'update raw.sms_messages set price = estimated_price where'],
    ['a text left its task', 'update raw.sms_messages set task_id = null where'],
    ['a task has another status', `update raw.tasks set status = 'failed' where`],
    ['a task is there twice', 'insert into raw.tasks select * from raw.tasks where'],
    ['a call of a task is gone', 'delete from raw.task_calls where'],
  ])('is mended when %s', async (_name, damage) => {
    const clientId = await clientWith([
      { id: 'a', at: AT, texts: [{ price: '0.1' }, { estimate: '0.2' }], calls: [{}] },
      { id: 'b', at: AT, conversation: 'other' },
    ]);
    await held.warehouse.run(`${damage} client_id = $clientId::varchar`, { clientId });
    // A tick compares the days that it touches: another task of the day changes.
    await query(
      books.owner,
      `update tasks set processing_ms = 7 where client_id = $1 and conversation_id = 'other'`,
      [clientId],
    );
    const { log, lines } = rememberingLog();
    await refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log });
    // A writer of another test that is still open has rows copied again, which mends them as well.
    const warned = lines.filter(({ level }) => level === 'warn');
    expect(warned.every(({ event }) => event === 'copy.differed')).toBe(true);
    const [sums] = await held.warehouse.rows(
      `select (select count(*) from raw.tasks) as tasks,
         (select count(*) from raw.task_calls) as calls, count(*) as texts,
         count(task_id) as of_tasks, count(price) as prices
       from raw.sms_messages`,
    );
    const [booked] = await query(
      books.owner,
      `select (select count(*) from tasks)::text as tasks,
         (select count(*) from task_calls)::text as calls, count(*)::text as texts,
         count(task_id)::text as of_tasks, count(price)::text as prices
       from sms_messages`,
    );
    expect(sums).toEqual(booked);
  });
});
