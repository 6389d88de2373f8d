// Every assertion fails on the rows that it is there for, names itself, and keeps the old rollups.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listSql } from '../core/sql.ts';
import { addTestClient, createTestBooks, silentLog } from '../core/test-support.ts';
import { bookEvents } from '../test/booked-events.ts';
import { bookLoneText, bookTasks } from '../test/sms-rows.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { assertChecks } from './checks.ts';
import { copyBooks } from './copy.ts';
import { buildRollups } from './rollup.ts';

let held: TestWarehouse;

beforeAll(async () => {
  const books = await createTestBooks();
  await addTestClient(books.app, { timeZone: 'America/New_York' });
  await addTestClient(books.app, { clientId: 'globex', weekStart: 7 });
  for (const clientId of ['acme', 'globex']) {
    await bookEvents(books.app, clientId, [
      { id: 'a', at: '2025-03-01T03:00:00Z', cost: '0.25', input: 10, output: 1 },
      { id: 'b', at: '2025-03-09T12:00:00Z', cost: '0.5', input: 20 },
      { id: 'c', at: '2025-03-31T12:00:00Z', currency: 'EUR', cost: '1' },
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
  }
  held = await createTestWarehouse();
  await copyBooks(books.pipeline, held.warehouse, silentLog());
  await books.close();
});
afterAll(() => held.remove());
beforeEach(() => buildRollups(held.warehouse));

/** The names of the assertions that fail. */
async function failing(): Promise<string[]> {
  const error = await assertChecks(held.warehouse).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return [];
  expect(error).toMatchObject({
    code: 'ERR_CHECK_FAILED',
    fix: expect.stringContaining('warehouse'),
  });
  return [
    ...(error as Error).message.matchAll(/sql\/duckdb\/assertions\/(\w+)\.sql: \d+ rows/g),
  ].map(([, name]) => name ?? '');
}

const TAMPERED: [string, string, string][] = [
  [
    'assert_events_are_unique',
    'an event stands twice',
    'insert into marts.usage_events select * from marts.usage_events limit 1',
  ],
  [
    'assert_every_event_has_a_day',
    'an event is missing',
    `delete from marts.usage_events where event_id = 'b'`,
  ],
  ...(['day', 'week', 'month'] as const).flatMap((kind): [string, string, string][] => {
    const name = `assert_usage_by_${kind}_equals_events`;
    const table = `rollups.usage_by_${kind}`;
    return [
      [name, 'a row is gone', `delete from ${table} where client_id = 'acme' and currency = 'EUR'`],
      [name, 'a row is double', `insert into ${table} select * from ${table} limit 1`],
      [name, 'a call is lost', `update ${table} set calls = calls - 1 where client_id = 'acme'`],
      [
        name,
        'a cost is off by 10^-18',
        `update ${table} set reported_cost = reported_cost + 0.000000000000000001`,
      ],
      [
        name,
        'input tokens are off',
        `update ${table} set input_tokens = input_tokens + 1 where client_id = 'globex'`,
      ],
      [name, 'output tokens are off', `update ${table} set output_tokens = output_tokens + 1`],
      [name, 'a currency is wrong', `update ${table} set currency = 'CHF' where currency = 'EUR'`],
      [
        name,
        'a row belongs to another client',
        `update ${table} set client_id = 'x' where client_id = 'acme'`,
      ],
    ];
  }),
  ...(['day', 'week', 'month'] as const).map((kind): [string, string, string] => [
    'assert_days_add_up_to_weeks_and_months',
    `a ${kind} moved by a month, its sums kept`,
    `update rollups.usage_by_${kind} set period_start = (period_start + interval 1 month)::date where currency = 'EUR'`,
  ]),
];

const COSTS_DIFFER = 'assert_answer_costs_equal_texts_and_calls';
const TASKS_DIFFER = 'assert_tasks_are_counted_once';
const TAMPERED_TEXTS: [string, string, string][] = [
  [
    'assert_every_task_has_a_day',
    'a task is missing',
    `delete from marts.tasks where status = 'failed'`,
  ],
  [
    'assert_every_text_has_a_day',
    'a text is missing',
    'delete from marts.sms_texts where task_id is null',
  ],
  ...[
    'inbound_texts',
    'outbound_texts',
    'inbound_segments',
    'outbound_segments',
    'inbound_told_cost',
    'outbound_told_cost',
    'inbound_estimated_cost',
    'outbound_estimated_cost',
    'carrier_fee',
    'model_cost',
    'transcription_cost',
    'calls',
    'unknown_inbound_texts',
    'unknown_outbound_texts',
    'unknown_fees',
    'unknown_model_calls',
    'unknown_transcriptions',
  ].map((column): [string, string, string] => [
    COSTS_DIFFER,
    `${column} is off`,
    `update rollups.answer_costs_by_period set ${column} = ${column} + 1`,
  ]),
  ...(['day', 'week', 'month'] as const).flatMap((kind): [string, string, string][] => {
    const table = 'rollups.answer_costs_by_period';
    const which = `period_kind = '${kind}'`;
    return [
      [
        COSTS_DIFFER,
        `a row of a ${kind} is gone`,
        `delete from ${table} where ${which} and status is null`,
      ],
      [
        TASKS_DIFFER,
        `tasks of a ${kind} are off`,
        `update ${table} set tasks = tasks + 1 where ${which}`,
      ],
      [
        TASKS_DIFFER,
        `answers of a ${kind} are off`,
        `update ${table} set answers = 1 where ${which}`,
      ],
      [
        TASKS_DIFFER,
        `a late task of a ${kind} is lost`,
        `update rollups.tasks_by_period set late_tasks = 1 where ${which}`,
      ],
      [
        'assert_answer_days_add_up_to_weeks_and_months',
        `a ${kind} moved by a month, its sums kept`,
        `update ${table} set period_start = (period_start + interval 1 month)::date where ${which}`,
      ],
      ...[COSTS_DIFFER, 'assert_answer_days_add_up_to_weeks_and_months'].map(
        (name): [string, string, string] => [
          name,
          `euros of a ${kind} count as dollars`,
          `update ${table} set currency = 'USD' where ${which}`,
        ],
      ),
    ];
  }),
];

test('nothing fails on figures that nobody touched', async () => {
  expect(await failing()).toEqual([]);
});

test.each([...TAMPERED, ...TAMPERED_TEXTS])('%s fails when %s', async (name, _what, tamper) => {
  await held.warehouse.run(tamper);
  expect(await failing()).toContain(name);
});

test('every assertion has a case in which it fails', () => {
  const cases = new Set(
    [...TAMPERED, ...TAMPERED_TEXTS].map(([name]) => `duckdb/assertions/${name}`),
  );
  expect([...cases].sort()).toEqual(listSql('duckdb/assertions'));
});

test('the error shows the first five rows and how many there are', async () => {
  await held.warehouse.run('insert into marts.usage_events select * from marts.usage_events');
  const error = await assertChecks(held.warehouse).catch((thrown: Error) => thrown);
  const lines = String(error).split('\n');
  const at = lines.findIndex((line) => line.includes('assert_events_are_unique.sql: 8 rows'));
  expect(lines.slice(at + 1, at + 7).filter((line) => line.includes('"copies":"2"'))).toHaveLength(
    5,
  );
});

describe('when a check fails, the old rollups stay', () => {
  const rollups = () =>
    held.warehouse.rows(
      'select * exclude (reported_cost), reported_cost from rollups.usage_by_period order by all',
    );

  test.each([
    [
      'an event that was copied twice',
      'insert into raw.usage_events select * from raw.usage_events limit 1',
      'assert_events_are_unique',
    ],
    [
      'a calendar that lacks a day',
      `delete from raw.calendar_days where calendar_date = '2025-03-09'`,
      'assert_every_event_has_a_day',
    ],
    [
      'a client that is gone',
      `delete from raw.clients where client_id = 'globex'`,
      'assert_every_event_has_a_day',
    ],
  ])('%s', async (_name, damage, assertion) => {
    const before = await rollups();
    await held.warehouse.run(
      'create or replace table raw.kept_events as select * from raw.usage_events',
    );
    await held.warehouse.run(
      'create or replace table raw.kept_days as select * from raw.calendar_days',
    );
    await held.warehouse.run(
      'create or replace table raw.kept_clients as select * from raw.clients',
    );
    await held.warehouse.run(damage);
    await expect(buildRollups(held.warehouse)).rejects.toThrow(assertion);
    expect(await rollups()).toEqual(before);
    for (const [table, kept] of [
      ['usage_events', 'events'],
      ['calendar_days', 'days'],
      ['clients', 'clients'],
    ]) {
      await held.warehouse.run(`delete from raw.${table}`);
      await held.warehouse.run(`insert into raw.${table} select * from raw.kept_${kept}`);
    }
    await buildRollups(held.warehouse);
    expect(await rollups()).toEqual(before);
  });
});
