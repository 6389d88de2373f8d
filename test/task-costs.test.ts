// What the books say that an answer cost, with prices, estimates, fees and calls in several currencies:
// every amount stands in its own, and none is lost.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { addTestClient, createTestBooks, type TestBooks } from '../core/test-support.ts';
import { bookTasks } from './sms-rows.ts';

const AT = '2025-03-18T12:00:00Z';

let books: TestBooks;
beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app, { currency: 'EUR' });
  await bookTasks(books.owner, 'acme', [
    {
      id: 'told',
      at: AT,
      user: 'sms-told',
      texts: [
        { price: '0.007', estimate: '0.0083', currency: 'EUR' },
        { price: '0.08', estimate: '0.0166', fee: '0.006', segments: 2, currency: 'EUR' },
      ],
      calls: [{ cost: '0.0005' }, { cost: null }, { cost: '7', currency: 'JPY' }],
    },
    {
      id: 'waiting',
      at: AT,
      user: 'sms-waiting',
      status: 'failed',
      texts: [{ estimate: '0.0083', currency: 'EUR' }],
    },
  ]);
});
afterAll(() => books.close());

const rowsOf = async (userId: string, columns: string) => {
  const sql = `select ${columns} from task_costs where user_id = $1 order by currency`;
  return (await query(books.pipeline, sql, [userId])).map((row) => Object.values(row).join(' '));
};

describe('a row for each currency', () => {
  test('holds the amounts in it, and the task counts in that of its text', async () => {
    const columns = `currency, tasks, trim_scale(inbound_cost) as i, trim_scale(outbound_cost) as o,
      trim_scale(carrier_fee) as f, trim_scale(model_cost) as m, trim_scale(cost) as c`;
    expect(await rowsOf('sms-told', columns)).toEqual([
      'EUR 1 0.007 0.08   0.087',
      'JPY 0    7 7',
      'USD 0   0.006 0.0005 0.0065',
    ]);
  });

  test('says that others hold more, and the unknown of its own', async () => {
    const columns = 'currency, costs_more_in_others as m, parts_of_unknown_cost as u';
    expect(await rowsOf('sms-told', columns)).toEqual(['EUR true 0', 'JPY true 0', 'USD true 1']);
    expect(await rowsOf('sms-waiting', columns)).toEqual(['USD false 0']);
  });

  test('has the estimate in dollars beside the price, and counts it where none is', async () => {
    const columns = `currency, trim_scale(told_text_cost) as t,
      trim_scale(estimated_text_cost) as e, trim_scale(cost) as c, texts_without_price as w`;
    expect(await rowsOf('sms-told', columns)).toEqual([
      'EUR 0.087  0.087 0',
      'JPY   7 0',
      'USD  0.0249 0.0065 0',
    ]);
    expect(await rowsOf('sms-waiting', columns)).toEqual(['USD  0.0083 0.0083 1']);
  });
});

test('all are summed in the client’s currency, and others are named beside', async () => {
  const [totals] = await query(books.pipeline, loadSql('postgres/queries/sum_task_costs'), [
    'acme',
  ]);
  expect(totals).toMatchObject({
    ...{ received: 2, answered: 1, sent: 1, currency: 'EUR', cost: '0.087' },
    ...{ other_costs: 'JPY 7 + USD 0.0148', parts_of_unknown_cost: 1 },
  });
});

test('COST sums each currency apart, and a carrier’s fee is no text more', async () => {
  const sql = loadSql('postgres/queries/sum_cost_between');
  const rows = await query(books.pipeline, sql, ['acme', '2025-03-18', '2025-03-19']);
  const texts = rows.filter(({ kind }) => kind !== 'calls');
  expect(texts.map((row) => Object.values(row).join(' ').replace(/0+$/, ''))).toEqual([
    'fees USD 1 1 0.006',
    'texts EUR 2 2 0.087',
    'texts USD 1 1 0.0083',
  ]);
});

test('control: a sum over all rows would be of no currency', async () => {
  const [row] = await query(books.pipeline, 'select trim_scale(sum(cost)) as cost from task_costs');
  expect(row?.cost).toBe('7.1018');
});

test('a client without texts has sums of nothing', async () => {
  await addTestClient(books.app, { clientId: 'quiet' });
  const sql = loadSql('postgres/queries/sum_task_costs');
  const [totals] = await query(books.pipeline, sql, ['quiet']);
  expect(totals).toMatchObject({ received: 0, sent: 0, cost: '0', other_costs: null });
});
