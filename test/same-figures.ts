// Compares what a warehouse made of the books: with another warehouse, table by table and column by
// column, and with what Postgres makes of them by itself. Returns what differs, as texts.
import { type Pool, query, withTransaction } from '../core/postgres.ts';
import type { Warehouse } from '../pipeline/warehouse.ts';

/** Rows that only one of two warehouses has, of every table and view of figures. */
export async function compareWarehouses(one: Warehouse, other: Warehouse): Promise<string[]> {
  const names = await tablesOf(one);
  if (names.join() !== (await tablesOf(other)).join()) return ['they have other tables'];
  const differences: string[] = [];
  for (const name of names) {
    const [left, right] = [await one.rows(`from ${name}`), await other.rows(`from ${name}`)];
    differences.push(...differ(left, right, `the first's ${name}`, `the second's ${name}`));
  }
  return differences;
}

/** What differs between the rollups and the same sums by Postgres. */
export async function compareWithPostgres(pool: Pool, warehouse: Warehouse): Promise<string[]> {
  const differences: string[] = [];
  for (const [name, { rolled, booked }] of Object.entries(ORACLES)) {
    const left = await warehouse.rows(rolled);
    const right = await withTransaction(pool, {}, async (connection) => {
      await query(connection, `set local timezone = 'UTC'`);
      return query<object & Record<string, unknown>>(connection, `${DATED} ${booked}`);
    });
    differences.push(...differ(left, right, `${name} of the warehouse`, `${name} of the books`));
  }
  return differences;
}

async function tablesOf(warehouse: Warehouse): Promise<string[]> {
  const rows = await warehouse.rows<{ name: string }>(
    `select table_schema || '.' || table_name as name from information_schema.tables
     where table_schema in ('raw', 'marts', 'rollups') order by name`,
  );
  // Where a copy stands is its own; the calendar is compared once, as each client's days.
  const ofItsOwn = new Set(['raw.copy_state', 'raw.calendar_days']);
  return rows.map(({ name }) => name).filter((name) => !ofItsOwn.has(name));
}

/** As lists with their doubles: a row that stands twice differs from one. */
function differ(left: object[], right: object[], one: string, other: string): string[] {
  const counts = new Map<string, number>();
  for (const row of left) count(counts, textOf(row), 1);
  for (const row of right) count(counts, textOf(row), -1);
  return [...counts]
    .filter(([, times]) => times !== 0)
    .map(([text, times]) => `only in ${times > 0 ? one : other}: ${text}`);
}

function count(counts: Map<string, number>, text: string, by: number): void {
  counts.set(text, (counts.get(text) ?? 0) + by);
}

function textOf(row: object): string {
  return JSON.stringify(Object.entries(row).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/**
 * Every call, task, text and error of the books with the day, week and month that it counts on. The
 * day of an instant is the last one that has begun, in the zone that holds for its date.
 */
const DATED = `
  with days as materialized (
    select zones.client_id, days.calendar_date, days.starts_at
    from client_zones as zones
    inner join calendar_days as days on days.time_zone = zones.time_zone
    where days.calendar_date >= zones.effective_from and not exists (
      select from client_zones as later
      where later.client_id = zones.client_id and later.effective_from > zones.effective_from
        and later.effective_from <= days.calendar_date
    )
  ),
  instants as (
    select client_id, occurred_at as at from usage_events
    union select client_id, received_at from tasks
    union select client_id, happened_at from sms_messages
    union select client_id, occurred_at from error_logs where client_id is not null
  ),
  dated as materialized (
    select instants.client_id, instants.at, day.starts_at as day_starts_at,
      kinds.kind, kinds.start::text as start
    from instants
    inner join clients using (client_id)
    cross join lateral (
      select calendar_date, starts_at from days
      where days.client_id = instants.client_id and days.starts_at <= instants.at
      order by starts_at desc, calendar_date desc limit 1
    ) as day
    cross join lateral (
      values ('day', calendar_date), ('month', date_trunc('month', calendar_date)::date),
        ('week', calendar_date
          - (extract(isodow from calendar_date)::integer - week_start + 7) % 7)
    ) as kinds (kind, start)
  ),
  calls as (
    select events.*, case when newest.event_id is null then events.cost else newest.new_cost end
        as counts, coalesce(newest.currency, events.currency) as counts_in,
      case when coalesce(newest.currency, events.currency) = events.currency
        then reported_cost end as reported
    from usage_events as events
    left join lateral (
      select * from cost_adjustments as adjusted
      where adjusted.client_id = events.client_id and adjusted.event_id = events.event_id
      order by adjustment_id desc limit 1
    ) as newest on true
  ),
  acts as (
    select dated.kind, dated.client_id, dated.start, subjects.*
    from (
      select client_id, occurred_at as at, user_id, conversation_id from usage_events
      union all select client_id, received_at, user_id, conversation_id from tasks
    ) as rows
    inner join dated using (client_id, at)
    cross join lateral (
      values ('user', user_id), ('conversation', conversation_id)
    ) as subjects (subject, id)
    where subjects.id is not null
  )`;

const ORACLES: Record<string, { rolled: string; booked: string }> = {
  usage: {
    rolled: `select period_kind as kind, client_id, period_start::varchar as start, currency,
        sum(calls) as calls, sum(input_tokens) as input, sum(output_tokens) as output,
        sum(reported_cost) as reported, sum(effective_cost) as counts
      from rollups.usage_by_period group by all`,
    booked: `select kind, client_id, start, counts_in as currency, count(*)::text as calls,
        coalesce(sum(input_tokens), 0)::text as input,
        coalesce(sum(output_tokens), 0)::text as output,
        trim_scale(coalesce(sum(reported), 0))::text as reported,
        trim_scale(coalesce(sum(counts), 0))::text as counts
      from calls inner join dated using (client_id) where dated.at = calls.occurred_at
      group by 1, 2, 3, 4`,
  },
  hours: {
    rolled: `select client_id, hour_starts_at as hour, sum(calls) as calls,
        sum(effective_cost) as counts
      from rollups.usage_by_hour group by all`,
    booked: `select client_id,
        to_char(
          day_starts_at + floor(extract(epoch from at - day_starts_at) / 3600) * interval '1 hour',
          'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
        ) as hour, count(*)::text as calls, trim_scale(coalesce(sum(counts), 0))::text as counts
      from calls inner join dated using (client_id)
      where dated.at = calls.occurred_at and kind = 'day' and start::date > (
        select max(calendar_date) - 40 from days
        where days.client_id = calls.client_id and starts_at <= now()
      )
      group by 1, 2`,
  },
  latencies: {
    rolled: `select period_kind as kind, client_id, period_start::varchar as start,
        timed_calls as calls, p50_ms as p50, p95_ms as p95, p99_ms as p99
      from rollups.latencies_by_period where model is null`,
    booked: `select kind, client_id, start, count(*)::text as calls,
        trim_scale(percentile_disc(0.5) within group (order by latency_ms))::text as p50,
        trim_scale(percentile_disc(0.95) within group (order by latency_ms))::text as p95,
        trim_scale(percentile_disc(0.99) within group (order by latency_ms))::text as p99
      from calls inner join dated using (client_id)
      where dated.at = calls.occurred_at and latency_ms is not null group by 1, 2, 3`,
  },
  active: {
    rolled: `select period_kind as kind, client_id, period_start::varchar as start, subject,
        active, new, retained
      from rollups.active_by_period`,
    booked: `select kind, client_id, start, subject, count(distinct id)::text as active,
        count(distinct id) filter (where not exists (
          select from acts as before where before.kind = acts.kind and before.id = acts.id
            and before.client_id = acts.client_id and before.subject = acts.subject
            and before.start < acts.start
        ))::text as new,
        count(distinct id) filter (where exists (
          select from acts as before where before.kind = acts.kind and before.id = acts.id
            and before.client_id = acts.client_id and before.subject = acts.subject
            and before.start::date = (acts.start::date - ('1 ' || acts.kind)::interval)::date
        ))::text as retained
      from acts group by 1, 2, 3, 4`,
  },
  tasks: {
    rolled: `select period_kind as kind, client_id, period_start::varchar as start, status,
        sum(tasks) as tasks, sum(late_tasks) as late, sum(processing_ms) as ms
      from rollups.tasks_by_period group by all`,
    booked: `select kind, client_id, start, status, count(*)::text as tasks,
        (count(*) filter (where is_late))::text as late,
        trim_scale(coalesce(sum(processing_ms), 0))::text as ms
      from tasks inner join dated using (client_id) where dated.at = tasks.received_at
      group by 1, 2, 3, 4`,
  },
  errors: {
    rolled: `select period_kind as kind, client_id, period_start::varchar as start,
        sum(errors) as errors, sum(critical_errors) as critical
      from rollups.errors_by_period group by all`,
    booked: `select kind, client_id, start, count(*)::text as errors,
        (count(*) filter (where is_critical))::text as critical
      from (
        select client_id, occurred_at as at, false as is_critical from usage_events
        where status = 'error'
        union all select client_id, occurred_at, is_critical from error_logs
      ) as failed
      inner join dated using (client_id, at) group by 1, 2, 3`,
  },
  costs: {
    rolled: `select period_kind as kind, client_id, period_start::varchar as start, currency,
        sum(inbound_told_cost + outbound_told_cost + inbound_estimated_cost
          + outbound_estimated_cost + carrier_fee) as texts,
        sum(model_cost + transcription_cost) as models, sum(calls) as calls,
        sum(inbound_texts + outbound_texts) as count
      from rollups.answer_costs_by_period group by all
      having sum(calls + inbound_texts + outbound_texts) > 0 or sum(carrier_fee) > 0`,
    booked: `select kind, client_id, start, currency,
        trim_scale(coalesce(sum(texts), 0))::text as texts,
        trim_scale(coalesce(sum(models), 0))::text as models,
        sum(calls)::text as calls, sum(count)::text as count
      from (
        select texts.client_id, coalesce(received_at, happened_at) as at,
          case when price is null then 'USD' else currency end as currency,
          coalesce(price, estimated_price) as texts, null::numeric as models, 0 as calls,
          1 as count
        from sms_messages as texts left join tasks using (client_id, task_id)
        union all
        select texts.client_id, coalesce(received_at, happened_at), 'USD', carrier_fee, null, 0, 0
        from sms_messages as texts left join tasks using (client_id, task_id)
        where carrier_fee > 0
        union all
        select task_calls.client_id, tasks.received_at, counts_in, null, counts, 1, 0
        from task_calls inner join tasks using (client_id, task_id)
        inner join calls using (client_id, event_id)
      ) as parts
      inner join dated using (client_id, at) group by 1, 2, 3, 4`,
  },
};
