// Every assertion fails on the rows that it is there for, names itself, and keeps the old rollups.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { listSql } from '../core/sql.ts';
import { addTestClient, createTestBooks, silentLog } from '../core/test-support.ts';
import { bookEvents } from '../test/booked-events.ts';
import { bookLoneText, bookTasks } from '../test/sms-rows.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { assertChecks } from './checks.ts';
import { copyBooks } from './copy.ts';
import { buildRollups } from './rollup.ts';

let held: TestWarehouse;
const YESTERDAY = new Date(Date.now() - 86_400_000).toISOString();

beforeAll(async () => {
  const books = await createTestBooks();
  await addTestClient(books.app, { timeZone: 'America/New_York' });
  await addTestClient(books.app, { clientId: 'globex', weekStart: 7 });
  for (const clientId of ['acme', 'globex']) {
    await bookEvents(books.app, clientId, [
      { id: 'a', at: '2025-03-01T03:00:00Z', cost: '0.25', input: 10, output: 1, latency: '5' },
      { id: 'b', at: '2025-03-09T12:00:00Z', cost: '0.5', input: 20, user: 'u' },
      { id: 'c', at: '2025-03-31T12:00:00Z', currency: 'EUR', cost: '1', conversation: 'talk' },
      { id: 'd', at: YESTERDAY, cost: '2', input: 7 },
    ]);
    await bookTasks(books.owner, clientId, [
      {
        id: 't',
        at: '2025-03-09T12:00:00Z',
        texts: [
          { price: '1', currency: 'EUR' },
          { estimate: '2', fee: '3' },
        ],
      },
      { id: 'u', at: '2025-03-10T12:00:00Z', status: 'failed', texts: [{}], calls: [{}] },
    ]);
    await bookLoneText(books.owner, clientId, { id: 'l', at: '2025-03-31T12:00:00Z', price: '4' });
    await query(
      books.owner,
      `insert into error_logs (client_id, error_id, error_type, message, is_critical, occurred_at)
       values ($1, gen_random_uuid(), 'system_error', 'm', true, '2025-03-09T12:00:00Z')`,
      [clientId],
    );
  }
  held = await createTestWarehouse();
  await copyBooks(books.pipeline, held.warehouse, silentLog());
  await buildRollups(held.warehouse);
  await books.close();
});
afterAll(() => held.remove());

class Undone extends Error {}

/** Runs `work` on damaged tables, and takes the damage back. */
async function withDamage(damage: string, work: () => Promise<void>): Promise<void> {
  const done = held.warehouse.transaction(async () => {
    await held.warehouse.run(damage);
    await work();
    throw new Undone();
  });
  await expect(done).rejects.toBeInstanceOf(Undone);
}

/** The names of the assertions that fail. */
async function failing(): Promise<string[]> {
  const error = await assertChecks(held.warehouse).catch((thrown: unknown) => thrown);
  if (error === undefined) return [];
  expect(error).toMatchObject({
    code: 'ERR_CHECK_FAILED',
    fix: expect.stringContaining('warehouse'),
  });
  const { failures } = (error as { details: { failures: { check: string }[] } }).details;
  return failures.map(({ check }) => check.split('/').at(-1) ?? '');
}

/** What is damaged, by how. */
type Damages = Record<string, string>;
const KINDS = ['day', 'week', 'month'] as const;
const BY_A_MONTH = 'period_start = (period_start + interval 1 month)::date';
const EPSILON = '0.000000000000000001';

const DAYS: Record<string, Damages> = {
  assert_events_are_unique: {
    'an event stands twice': `insert into raw.usage_events
      select * from raw.usage_events where event_id = 'b'`,
  },
  assert_every_event_is_in_its_day: {
    'one is in a later day': `update raw.usage_events set business_date = '2025-03-09'
      where event_id = 'a'`,
    'one is in no day': `delete from calendar.client_days where business_date = '2025-03-09'`,
  },
  assert_every_task_is_in_its_day: {
    'one is in a later day': `update raw.tasks set business_date = '2025-03-10'`,
  },
  assert_every_text_is_in_its_day: {
    'one is in an earlier day': `update raw.sms_messages set business_date = '2025-03-09'
      where task_id is null`,
  },
  assert_every_error_is_in_its_day: {
    'one is in a later day': `update raw.error_logs set business_date = '2025-03-10'`,
  },
  assert_hours_add_up_to_days: {
    'an hour is gone': 'delete from rollups.usage_by_hour',
    'a cost is off by 10^-18': `update rollups.usage_by_hour
      set effective_cost = effective_cost + ${EPSILON}`,
    'an hour is of the day before': `update rollups.usage_by_hour
      set period_start = period_start - 1`,
  },
};

/** Damages of the periods of a kind. */
function damagesOf(kind: (typeof KINDS)[number]): Record<string, Damages> {
  const table = 'rollups.usage_by_period';
  const where = `where period_kind = '${kind}'`;
  const set = (what: string, from = table) => `update ${from} set ${what} ${where}`;
  const activity = 'rollups.activity_by_period';
  return {
    assert_usage_equals_events: {
      'a row is gone': `delete from ${table} ${where} and currency = 'EUR'`,
      'rows are double': `insert into ${table} select * from ${table} ${where}`,
      'a call is lost': set('calls = calls - 1'),
      'a cost is off by 10^-18': set(`reported_cost = reported_cost + ${EPSILON}`),
      'what counts is off by 10^-18': set(`effective_cost = effective_cost + ${EPSILON}`),
      'a computed cost is off': set(`computed_cost = computed_cost + ${EPSILON}`),
      'input tokens are off': set('input_tokens = input_tokens + 1'),
      'output tokens are off': set('output_tokens = output_tokens + 1'),
      'a currency is wrong': `${set(`currency = 'CHF'`)} and currency = 'EUR'`,
      'rows belong to another client': `${set(`client_id = 'x'`)} and client_id = 'acme'`,
    },
    assert_days_add_up_to_weeks_and_months: {
      'one moved by a month, its sums kept': `${set(BY_A_MONTH)} and currency = 'EUR'`,
    },
    assert_amounts_are_possible: {
      'more calls are paid for than made': set('paid_calls = calls + 1'),
      'a cost is negative': set('effective_cost = -1'),
      'the median latency is above the rest': set('p50_ms = 6', 'rollups.latencies_by_period'),
      'the median wait is above the rest': set('p50_us = p99_us + 1', 'rollups.waits_by_period'),
    },
    assert_activity_equals_events: {
      'a person is gone': `delete from ${activity} ${where} and subject_id = 'u'`,
      'a conversation is gone': `delete from ${activity} ${where} and subject_id = 'talk'`,
      'a call of a person is lost': set('calls = 0', activity),
      'a task of a person is lost': set('tasks = 0', activity),
    },
  };
}

/** Damages of what texts of the periods of a kind cost. */
function costDamagesOf(kind: (typeof KINDS)[number]): Record<string, Damages> {
  const table = 'rollups.answer_costs_by_period';
  const where = `where period_kind = '${kind}'`;
  const set = (what: string, from = table) => `update ${from} set ${what} ${where}`;
  const sums = [
    ...['inbound_texts', 'outbound_texts', 'inbound_segments', 'outbound_segments', 'calls'],
    ...['inbound_told_cost', 'outbound_told_cost', 'carrier_fee', 'model_cost'],
    ...['inbound_estimated_cost', 'outbound_estimated_cost', 'transcription_cost'],
    ...['unknown_inbound_texts', 'unknown_outbound_texts', 'unknown_fees'],
    ...['unknown_model_calls', 'unknown_transcriptions'],
  ];
  return {
    assert_answer_costs_equal_texts_and_calls: {
      ...Object.fromEntries(sums.map((sum) => [`${sum} is off`, set(`${sum} = ${sum} + 1`)])),
      'a row is gone': `delete from ${table} ${where} and status is null`,
      'euros count as dollars': set(`currency = 'USD'`),
    },
    assert_tasks_are_counted_once: {
      'tasks are off': set('tasks = tasks + 1'),
      'answers are off': set('answers = 1'),
      'a late task is lost': set('late_tasks = 1', 'rollups.tasks_by_period'),
      'a task of another status': set(`status = 'ignored'`, 'rollups.tasks_by_period'),
    },
    assert_answer_days_add_up_to_weeks_and_months: {
      'one moved by a month, its sums kept': set(BY_A_MONTH),
      'euros count as dollars': set(`currency = 'USD'`),
    },
  };
}

const CASES = [
  { of: 'a day', damages: DAYS },
  ...KINDS.map((kind) => ({ of: `a ${kind}`, damages: damagesOf(kind) })),
  ...KINDS.map((kind) => ({ of: `a ${kind}`, damages: costDamagesOf(kind) })),
].flatMap(({ of, damages }) =>
  Object.entries(damages).flatMap(([name, ways]) =>
    Object.entries(ways).map(([what, damage]): [string, string, string, string] => {
      return [name, of, what, damage];
    }),
  ),
);

test('nothing fails on figures that nobody touched', async () => {
  expect(await failing()).toEqual([]);
});

test.each(CASES)('%s fails when of %s %s', async (name, _of, _what, damage) => {
  await withDamage(damage, async () => expect(await failing()).toContain(name));
});

test('every assertion has a case in which it fails', () => {
  const names = new Set(CASES.map(([name]) => `duckdb/assertions/${name}`));
  expect([...names].sort()).toEqual(listSql('duckdb/assertions'));
});

test('an assertion looks at the periods of the days that changed, and at no others', async () => {
  const damage = `update rollups.usage_by_period set calls = calls + 1
    where client_id = 'acme' and period_start = '2025-02-28'`;
  await withDamage(damage, async () => {
    expect(await failing()).toContain('assert_usage_equals_events');
    for (const table of ['touched_days', 'asked_days'])
      await held.warehouse.run(`delete from calendar.${table} where client_id = 'acme'`);
    expect(await failing()).toEqual([]);
  });
});

test('the error shows the first five rows and how many there are', async () => {
  const damage = 'insert into raw.usage_events select * from raw.usage_events';
  await withDamage(damage, async () => {
    const error = await assertChecks(held.warehouse).catch((thrown: Error) => thrown);
    const lines = String(error).split('\n');
    const at = lines.findIndex((line) => /assert_events_are_unique\S*: 10 rows/.test(line));
    const shown = lines.slice(at + 1, at + 7).filter((line) => line.includes('"copies":"2"'));
    expect(shown).toHaveLength(5);
  });
});

describe('when a check fails, the old rollups stay', () => {
  const rollups = () =>
    held.warehouse.rows(
      'select * exclude (reported_cost), reported_cost from rollups.usage_by_period order by all',
    );

  test.each([
    [
      'an event that was copied twice',
      `insert into raw.usage_events select * from raw.usage_events where event_id = 'b'`,
      'assert_events_are_unique',
    ],
    [
      'a calendar that lacks a day',
      `delete from calendar.client_days where business_date = '2025-03-09'`,
      'assert_every_event_is_in_its_day',
    ],
    [
      'a client without days',
      `delete from calendar.client_days where client_id = 'globex'`,
      'assert_every_event_is_in_its_day',
    ],
  ])('%s', async (_name, damage, assertion) => {
    const before = await rollups();
    const build = held.warehouse.transaction(async () => {
      await held.warehouse.run(damage);
      await buildRollups(held.warehouse);
      await assertChecks(held.warehouse);
    });
    await expect(build).rejects.toThrow(assertion);
    expect(await rollups()).toEqual(before);
  });
});
