// Rules of the answers in SQL about a user: given calls, the expected rows of every view and function.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../core/clients.ts';
import { query } from '../core/postgres.ts';
import { createTestBooks, type TestBooks } from '../core/test-support.ts';
import { dropLogins, type OpenLogin, openAnalyst, type PricedCall } from './sql-logins.ts';

let books: TestBooks;
const opened: OpenLogin[] = [];

beforeAll(async () => {
  books = await createTestBooks();
});

afterAll(async () => {
  await dropLogins(books, opened);
  await books.close();
});

/** A client with its calls, asked by an analyst of its own. */
async function analystOf(fields: Partial<Client> & { clientId: string }, calls: PricedCall[]) {
  const login = await openAnalyst(books, fields, calls);
  opened.push(login);
  return (sql: string, values: unknown[] = []) => query(login.pool, sql, values);
}

describe('the answers about a user', () => {
  let ask: Awaited<ReturnType<typeof analystOf>>;
  const clientId = 'people';

  beforeAll(async () => {
    const priced = { cost: '0.25', costStatus: 'computed', computed: '0.25' };
    ask = await analystOf({ clientId, currency: 'EUR', timeZone: 'America/New_York' }, [
      {
        id: 'a',
        at: '2025-03-01T04:59:59Z',
        user: 'ann',
        model: 'small',
        status: 'success',
        input: 10,
        output: 5,
        latency: '100',
        ...priced,
      },
      {
        id: 'b',
        at: '2025-03-01T05:00:00Z',
        user: 'ann',
        model: 'large',
        provider: 'groq',
        status: 'success',
        input: 20,
        latency: '201',
        ...priced,
      },
      {
        id: 'c',
        at: '2025-03-02T05:00:00Z',
        user: 'ann',
        model: 'large',
        status: 'error',
        input: 2,
      },
      { id: 'd', at: '2025-03-02T05:00:00Z', user: 'ann', model: 'small', status: 'cancelled' },
      { id: 'x', at: '2025-03-02T05:00:00Z', model: 'small', input: 4 },
    ]);
    await query(books.owner, `insert into users (client_id, user_id) values ($1, 'idle')`, [
      clientId,
    ]);
  });

  test('sum it up in one row for each user and currency, also without calls', async () => {
    const rows = await ask('select * from user_request_analytics order by user_id');
    const common = { client_id: clientId, email: null, full_name: null };
    expect(rows).toEqual([
      {
        ...common,
        user_id: 'ann',
        currency: 'USD',
        total_requests: 4n,
        successful_requests: 2n,
        failed_requests: 1n,
        total_tokens_from_logs: '37',
        reported_cost: null,
        computed_cost: '0.5',
        total_cost: '0.5',
        unpriced_requests: 2n,
        avg_response_time: '150.5',
        most_used_model: 'large',
        most_used_provider: 'openai',
        last_request_time: new Date('2025-03-02T05:00:00Z'),
      },
      {
        ...common,
        user_id: 'idle',
        currency: 'EUR',
        total_requests: 0n,
        successful_requests: 0n,
        failed_requests: 0n,
        total_tokens_from_logs: '0',
        reported_cost: '0',
        computed_cost: '0',
        total_cost: '0',
        unpriced_requests: 0n,
        avg_response_time: null,
        most_used_model: null,
        most_used_provider: null,
        last_request_time: null,
      },
    ]);
  });

  test('list its calls, newest first, page by page', async () => {
    const page = async (limit: number, offset: number) =>
      (
        await ask('select event_id from get_user_request_history($1, $2, $3)', [
          'ann',
          limit,
          offset,
        ])
      ).map(({ event_id }) => event_id);
    expect(await page(50, 0)).toEqual(['c', 'd', 'b', 'a']);
    expect([await page(2, 0), await page(2, 2), await page(2, 4)]).toEqual([
      ['c', 'd'],
      ['b', 'a'],
      [],
    ]);
  });

  test('break its tokens down by provider and model', async () => {
    const rows = await ask(
      `select provider, model, request_count::int as calls, total_tokens, total_cost,
         avg_tokens_per_request as average, last_used
       from get_user_token_breakdown('ann')`,
    );
    expect(rows).toEqual([
      {
        provider: 'groq',
        model: 'large',
        calls: 1,
        total_tokens: '20',
        total_cost: '0.25',
        average: '20',
        last_used: new Date('2025-03-01T05:00:00Z'),
      },
      {
        provider: 'openai',
        model: 'small',
        calls: 2,
        total_tokens: '15',
        total_cost: '0.25',
        average: '15',
        last_used: new Date('2025-03-02T05:00:00Z'),
      },
      {
        provider: 'openai',
        model: 'large',
        calls: 1,
        total_tokens: '2',
        total_cost: null,
        average: '2',
        last_used: new Date('2025-03-02T05:00:00Z'),
      },
    ]);
  });

  test('put the last call of February into February, with its models and providers', async () => {
    const rows = await ask(
      `select month_start::text as month, user_id, request_count::int as calls, total_tokens,
         total_cost, model_breakdown, provider_breakdown
       from tokens_usage order by month_start, user_id`,
    );
    const part = (
      request_count: number,
      total_tokens: number | null,
      total_cost: string | null,
    ) => ({
      request_count,
      total_tokens,
      total_cost,
      unpriced_requests: request_count - (total_cost === null ? 0 : 1),
    });
    expect(rows).toEqual([
      {
        month: '2025-02-01',
        user_id: 'ann',
        calls: 1,
        total_tokens: '15',
        total_cost: '0.25',
        model_breakdown: { small: part(1, 15, '0.25') },
        provider_breakdown: { openai: part(1, 15, '0.25') },
      },
      {
        month: '2025-03-01',
        user_id: 'ann',
        calls: 3,
        total_tokens: '22',
        total_cost: '0.25',
        model_breakdown: { large: part(2, 22, '0.25'), small: part(1, null, null) },
        provider_breakdown: { groq: part(1, 20, '0.25'), openai: part(2, 2, null) },
      },
      {
        month: '2025-03-01',
        user_id: null,
        calls: 1,
        total_tokens: '4',
        total_cost: null,
        model_breakdown: { small: part(1, 4, null) },
        provider_breakdown: { openai: part(1, 4, null) },
      },
    ]);
  });

  test('show recent activity newest first, and a month with who was active', async () => {
    expect(
      await ask(
        `select event_id, user_id from user_recent_activity
         order by request_time desc, event_id limit 2`,
      ),
    ).toEqual([
      { event_id: 'c', user_id: 'ann' },
      { event_id: 'd', user_id: 'ann' },
    ]);
    const [march] = await ask(
      `select request_count::int as calls, active_users::int as users,
         model_breakdown -> 'large' ->> 'total_cost' as large,
         provider_breakdown -> 'openai' ->> 'request_count' as openai
       from get_monthly_summary($1, 2025, 3)`,
      [clientId],
    );
    expect(march).toEqual({ calls: 4, users: 1, large: '0.25', openai: '3' });
  });
});
