-- The answers in SQL count in the books' calendar, as the warehouse does: each client's days by the
-- zones that it has had. A day that the calendar does not hold yet, because nothing was copied of its
-- year, is computed by Postgres' own zone data.

-- Up Migration

grant select (time_zone, calendar_date, starts_at, ends_at) on calendar_days to daybook_analyst;
grant select (client_id, effective_from, time_zone) on client_zones to daybook_analyst;
grant select on client_days to daybook_analyst;
create policy own_client on client_zones for select to daybook_analyst
    using (client_id = (select login_client()));

-- A change of zone that was a mistake is made good under its own date.
grant update on client_zones to daybook_app;
create trigger client_zones_stamp_xid before update on client_zones
    for each row execute function stamp_xid();

-- A report waits for its period to close.
alter table runs add column not_before timestamptz;
comment on column runs.not_before is 'Nobody does it before then; null: as soon as its slot has come.';

-- An owner who is no superuser saw no client when the zones were noted first.
alter table clients no force row level security;
alter table client_zones no force row level security;
insert into client_zones (client_id, effective_from, time_zone)
select client_id, '2000-01-01', time_zone
from clients
on conflict do nothing;
alter table clients force row level security;
alter table client_zones force row level security;

-- Postgres takes the later midnight where the clocks go back over it, and the day starts with the
-- earlier one.
create function computed_day_starts_at(for_date date, zone text) returns timestamptz
    language sql stable parallel safe
begin atomic
    select coalesce(
        min(for_date::timestamp at time zone zone - fold.size) filter (
            where (for_date::timestamp at time zone zone - fold.size) at time zone zone
                = for_date::timestamp
        ),
        for_date::timestamp at time zone zone
    )
    from (
        values (interval '0'), (interval '30 minutes'), (interval '1 hour'), (interval '2 hours')
    ) as fold (size);
end;
comment on function computed_day_starts_at is 'By Postgres'' own zone data: only for days that the calendar does not hold.';

create or replace function day_starts_at(for_date date, zone text) returns timestamptz
    language sql stable parallel safe
begin atomic
    select coalesce(
        (
            select days.starts_at
            from calendar_days as days
            where days.time_zone = zone and days.calendar_date = for_date
        ),
        computed_day_starts_at(for_date, zone)
    );
end;
comment on function day_starts_at is 'The first instant of a day in a zone, whoever counts in it.';

-- No zone is further than a day from UTC; late clocks that go back over midnight do not bring back
-- the day that has ended.
create or replace function business_date(instant timestamptz, zone text) returns date
    language sql stable parallel safe
begin atomic
    select max((instant at time zone 'utc')::date + shift.days)
    from (values (-1), (0), (1)) as shift (days)
    where day_starts_at((instant at time zone 'utc')::date + shift.days, zone) <= instant;
end;
comment on function business_date is 'The day of an instant in a zone, whoever counts in it.';

-- All in one go: many dates cost little more than one. A day that the next one overtakes, where a
-- client has moved across the date line, is over when that one begins.
create function client_day_starts(for_client text, for_dates date[])
returns table (business_date date, starts_at timestamptz)
    language sql stable parallel safe
begin atomic
    with zones as (
        select
            client_zones.time_zone,
            -- The first one holds from ever.
            case
                when lag(client_zones.effective_from) over later is null then '-infinity'
                else client_zones.effective_from
            end as effective_from,
            lead(client_zones.effective_from, 1, 'infinity') over later as effective_until
        from client_zones
        where client_zones.client_id = for_client
        window later as (order by client_zones.effective_from)
    )

    select
        given.date,
        min(coalesce(days.starts_at, computed_day_starts_at(candidates.date, zones.time_zone)))
    from unnest(for_dates) as given (date)
    cross join lateral (values (given.date), (given.date + 1)) as candidates (date)
    inner join zones
        on candidates.date >= zones.effective_from and candidates.date < zones.effective_until
    left join calendar_days as days
        on days.time_zone = zones.time_zone and days.calendar_date = candidates.date
    group by given.date;
end;
comment on function client_day_starts is 'The first instant of each of a client''s days: one row per date.';

create function client_business_date(for_client text, instant timestamptz) returns date
    language sql stable parallel safe
begin atomic
    select max(days.business_date)
    from client_day_starts(
        for_client,
        array[
            (instant at time zone 'utc')::date - 1, (instant at time zone 'utc')::date,
            (instant at time zone 'utc')::date + 1
        ]
    ) as days
    where days.starts_at <= instant;
end;
comment on function client_business_date is 'The client''s own day of an instant.';

create or replace function sum_usage_of_periods(
    for_client text, first_date date, end_date date, step interval
) returns table (
    period_start date, period_end date, currency text,
    request_count bigint, successful_requests bigint, failed_requests bigint,
    input_tokens numeric, output_tokens numeric, total_tokens numeric,
    reported_cost numeric, computed_cost numeric, total_cost numeric, unpriced_requests bigint
)
    language sql stable parallel safe
begin atomic
    with starts as (
        select array_agg(series.start::date) as dates, max(series.start) + step as end_at
        from generate_series(
            first_date::timestamp, end_date::timestamp - interval '1 day', step
        ) as series (start)
    ),

    -- Each period ends where the next one begins.
    edges as (
        select
            days.business_date as start_date,
            days.starts_at,
            lead(days.business_date) over later as end_date,
            lead(days.starts_at) over later as ends_at
        from client_day_starts(
            for_client, (select starts.dates || starts.end_at::date from starts)
        ) as days
        window later as (order by days.business_date)
    ),

    periods as materialized (
        select * from edges where edges.end_date is not null
    )

    select
        periods.start_date,
        periods.end_date,
        coalesce(sums.currency, clients.currency),
        coalesce(sums.request_count, 0),
        coalesce(sums.successful_requests, 0),
        coalesce(sums.failed_requests, 0),
        case when sums.currency is null then 0 else sums.input_tokens end,
        case when sums.currency is null then 0 else sums.output_tokens end,
        case when sums.currency is null then 0 else sums.total_tokens end,
        case when sums.currency is null then 0 else sums.reported_cost end,
        case when sums.currency is null then 0 else sums.computed_cost end,
        case when sums.currency is null then 0 else sums.total_cost end,
        coalesce(sums.unpriced_requests, 0)
    from clients
    cross join periods
    -- One range of the index for each period.
    left join lateral (
        select
            calls.currency,
            count(*) as request_count,
            count(*) filter (where calls.status = 'success') as successful_requests,
            count(*) filter (where calls.status = 'error') as failed_requests,
            sum(calls.input_tokens) as input_tokens,
            sum(calls.output_tokens) as output_tokens,
            sum(calls.total_tokens) as total_tokens,
            trim_scale(sum(calls.reported_cost)) as reported_cost,
            trim_scale(sum(calls.computed_cost)) as computed_cost,
            trim_scale(sum(calls.effective_cost)) as total_cost,
            count(*) filter (where calls.effective_cost is null) as unpriced_requests
        from usage_calls as calls
        where calls.client_id = for_client
            and calls.occurred_at >= periods.starts_at
            and calls.occurred_at < periods.ends_at
        group by calls.currency
    ) as sums on true
    where clients.client_id = for_client
    order by periods.start_date, coalesce(sums.currency, clients.currency) collate "C";
end;

create or replace function get_daily_usage(
    for_client text, days integer default 30, as_of timestamptz default now()
) returns table (
    usage_date date, currency text,
    request_count bigint, successful_requests bigint, failed_requests bigint,
    input_tokens numeric, output_tokens numeric, total_tokens numeric,
    reported_cost numeric, computed_cost numeric, total_cost numeric, unpriced_requests bigint
)
    language sql stable parallel safe
begin atomic
    select
        sums.period_start, sums.currency, sums.request_count, sums.successful_requests,
        sums.failed_requests, sums.input_tokens, sums.output_tokens, sums.total_tokens,
        sums.reported_cost, sums.computed_cost, sums.total_cost, sums.unpriced_requests
    from clients
    cross join lateral (
        select client_business_date(clients.client_id, as_of) as date
    ) as today
    cross join lateral sum_usage_of_periods(
        clients.client_id,
        today.date - require_between('days', days, 1, 3660) + 1,
        today.date + 1,
        interval '1 day'
    ) as sums
    where clients.client_id = for_client
    order by sums.period_start, sums.currency collate "C";
end;

create or replace function get_weekly_evolution(
    for_client text, weeks integer default 12, as_of timestamptz default now()
) returns table (
    week_start date, week_end date, currency text,
    request_count bigint, successful_requests bigint, failed_requests bigint,
    input_tokens numeric, output_tokens numeric, total_tokens numeric,
    reported_cost numeric, computed_cost numeric, total_cost numeric, unpriced_requests bigint
)
    language sql stable parallel safe
begin atomic
    with this_week as (
        select
            clients.client_id,
            today.date - (extract(isodow from today.date)::integer - clients.week_start + 7) % 7
                as start_date
        from clients
        cross join lateral (
            select client_business_date(clients.client_id, as_of) as date
        ) as today
        where clients.client_id = for_client
    )

    select sums.*
    from this_week
    cross join lateral sum_usage_of_periods(
        this_week.client_id,
        this_week.start_date - 7 * (require_between('weeks', weeks, 1, 520) - 1),
        this_week.start_date + 7,
        interval '7 days'
    ) as sums
    order by sums.period_start, sums.currency collate "C";
end;

create or replace function get_monthly_summary(for_client text, year integer, month integer)
returns table (
    month_start date, month_end date, currency text,
    request_count bigint, successful_requests bigint, failed_requests bigint,
    input_tokens numeric, output_tokens numeric, total_tokens numeric,
    reported_cost numeric, computed_cost numeric, total_cost numeric, unpriced_requests bigint,
    active_users bigint, model_breakdown jsonb, provider_breakdown jsonb
)
    language sql stable parallel safe
begin atomic
    with asked as materialized (
        select given.start_date, given.end_date, edges.starts_at, edges.ends_at
        from (
            select make_date(
                require_between('year', year, 2000, 2099),
                require_between('month', month, 1, 12),
                1
            )
        ) as first_day (date)
        cross join lateral (
            select first_day.date, (first_day.date + interval '1 month')::date
        ) as given (start_date, end_date)
        inner join clients on clients.client_id = for_client
        cross join lateral (
            select min(days.starts_at) as starts_at, max(days.starts_at) as ends_at
            from client_day_starts(for_client, array[given.start_date, given.end_date]) as days
        ) as edges
    ),

    sums as (
        select
            calls.currency,
            calls.provider,
            calls.model,
            grouping(calls.provider, calls.model) as level,
            count(distinct calls.user_id) as active_users,
            jsonb_build_object(
                'request_count', count(*), 'total_tokens', sum(calls.total_tokens),
                'total_cost', trim_scale(sum(calls.effective_cost))::text,
                'unpriced_requests', count(*) filter (where calls.effective_cost is null)
            ) as part
        from asked
        inner join usage_calls as calls
            on calls.client_id = for_client
            and calls.occurred_at >= asked.starts_at
            and calls.occurred_at < asked.ends_at
        group by grouping sets (
            (calls.currency), (calls.currency, calls.provider), (calls.currency, calls.model)
        )
    ),

    breakdowns as (
        select
            sums.currency,
            max(sums.active_users) filter (where sums.level = 3) as active_users,
            jsonb_object_agg(sums.model, sums.part) filter (where sums.level = 2) as by_model,
            jsonb_object_agg(sums.provider, sums.part) filter (where sums.level = 1)
                as by_provider
        from sums
        group by sums.currency
    )

    select
        totals.*,
        coalesce(breakdowns.active_users, 0),
        coalesce(breakdowns.by_model, '{}'),
        coalesce(breakdowns.by_provider, '{}')
    from asked
    cross join lateral sum_usage_of_periods(
        for_client, asked.start_date, asked.end_date, interval '1 month'
    ) as totals
    left join breakdowns on breakdowns.currency = totals.currency
    order by totals.currency collate "C";
end;

create or replace view tokens_usage with (security_invoker = true) as
-- The months of each client from before its first call to after its last, found by bisection.
with months as materialized (
    select
        clients.client_id,
        array_agg(edges.starts_at order by edges.starts_at) as starts,
        array_agg(edges.business_date order by edges.starts_at) as dates
    from clients
    cross join lateral (
        select min(events.occurred_at) as first_at, max(events.occurred_at) as last_at
        from usage_events as events
        where events.client_id = clients.client_id
    ) as ends
    cross join lateral client_day_starts(
        clients.client_id,
        array(
            select series.month::date
            from generate_series(
                date_trunc('month', ends.first_at at time zone 'utc') - interval '1 month',
                ends.last_at at time zone 'utc' + interval '2 days', interval '1 month'
            ) as series (month)
        )
    ) as edges
    group by clients.client_id
),

-- A row of its own for the calls that name nobody, so that all rows together are all calls.
people as (
    select users.client_id, users.user_id, months.starts, months.dates
    from users
    inner join months on months.client_id = users.client_id
    union all
    select months.client_id, null, months.starts, months.dates
    from months
)

select people.client_id, people.user_id, sums_of_months.*
from people
-- Person by person, so that a question about one reads the calls of that one.
cross join lateral (
    with calls as (
        select named.*
        from usage_calls as named
        where named.client_id = people.client_id and named.user_id = people.user_id
        union all
        select unnamed.*
        from usage_calls as unnamed
        where people.user_id is null
            and unnamed.client_id = people.client_id and unnamed.user_id is null
    ),

    dated as (
        select
            calls.*,
            people.dates[width_bucket(calls.occurred_at, people.starts)] as month_start
        from calls
    ),

    sums as (
        select
            month_start,
            currency,
            provider,
            model,
            grouping(provider, model) as level,
            count(*) as request_count,
            sum(total_tokens) as total_tokens,
            trim_scale(sum(reported_cost)) as reported_cost,
            trim_scale(sum(computed_cost)) as computed_cost,
            trim_scale(sum(effective_cost)) as total_cost,
            count(*) filter (where effective_cost is null) as unpriced_requests
        from dated
        group by grouping sets (
            (month_start, currency), (month_start, currency, provider),
            (month_start, currency, model)
        )
    ),

    parts as (
        select
            *,
            jsonb_build_object(
                'request_count', request_count, 'total_tokens', total_tokens,
                'total_cost', total_cost::text, 'unpriced_requests', unpriced_requests
            ) as part
        from sums
    )

    select
        month_start,
        currency,
        max(request_count) filter (where level = 3) as request_count,
        max(total_tokens) filter (where level = 3) as total_tokens,
        max(reported_cost) filter (where level = 3) as reported_cost,
        max(computed_cost) filter (where level = 3) as computed_cost,
        max(total_cost) filter (where level = 3) as total_cost,
        max(unpriced_requests) filter (where level = 3) as unpriced_requests,
        jsonb_object_agg(model, part) filter (where level = 2) as model_breakdown,
        jsonb_object_agg(provider, part) filter (where level = 1) as provider_breakdown
    from parts
    group by month_start, currency
) as sums_of_months;

do $$
declare
    signature text;
begin
    foreach signature in array array[
        'computed_day_starts_at(date, text)', 'client_day_starts(text, date[])',
        'client_business_date(text, timestamptz)'
    ] loop
        execute format('revoke execute on function %s from public', signature);
        execute format('grant execute on function %s to daybook_analyst', signature);
    end loop;
end $$;
