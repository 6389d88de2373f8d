-- Functions for analysts and applications: a client's days, weeks and months, and one user's calls.
-- All run with the rights of the caller: another client's or user's id is an unknown one.

-- Up Migration

-- Every period has a row, also one without calls; of calls in several currencies, one row each.
create function sum_usage_of_periods(
    for_client text, first_date date, end_date date, step interval
) returns table (
    period_start date, period_end date, currency text,
    request_count bigint, successful_requests bigint, failed_requests bigint,
    input_tokens numeric, output_tokens numeric, total_tokens numeric,
    reported_cost numeric, computed_cost numeric, total_cost numeric, unpriced_requests bigint
)
    language sql stable parallel safe
begin atomic
    select
        periods.start_date,
        periods.end_date,
        coalesce(sums.currency, periods.currency),
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
    cross join lateral (
        select
            series.start::date as start_date,
            (series.start + step)::date as end_date,
            clients.currency
        from generate_series(
            first_date::timestamp, end_date::timestamp - interval '1 day', step
        ) as series (start)
    ) as periods
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
            and calls.occurred_at >= (
                select day_starts_at(periods.start_date, clients.time_zone)
            )
            and calls.occurred_at < (select day_starts_at(periods.end_date, clients.time_zone))
        group by calls.currency
    ) as sums on true
    where clients.client_id = for_client
    order by periods.start_date, coalesce(sums.currency, periods.currency) collate "C";
end;

create function get_daily_usage(
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
    cross join lateral sum_usage_of_periods(
        clients.client_id,
        business_date(as_of, clients.time_zone) - require_between('days', days, 1, 3660) + 1,
        business_date(as_of, clients.time_zone) + 1,
        interval '1 day'
    ) as sums
    where clients.client_id = for_client
    order by sums.period_start, sums.currency collate "C";
end;
comment on function get_daily_usage is 'The client''s last business days, today included: one row per day and currency.';

create function get_weekly_evolution(
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
            select business_date(as_of, clients.time_zone) as date
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
comment on function get_weekly_evolution is 'The client''s last weeks, the running one included; week_end is the day after. One row per week and currency.';

create function get_monthly_summary(for_client text, year integer, month integer)
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
        select
            given.start_date,
            given.end_date,
            day_starts_at(given.start_date, clients.time_zone) as starts_at,
            day_starts_at(given.end_date, clients.time_zone) as ends_at
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
comment on function get_monthly_summary is 'One month of the client''s own; month_end is the day after. One row per currency.';

create function get_user_request_history(
    for_user text, row_limit integer default 50, row_offset integer default 0
) returns table (
    client_id text, event_id text, request_time timestamptz, provider text, model text,
    operation text, status text, error_type text, input_tokens bigint, output_tokens bigint,
    total_tokens bigint, currency text, reported_cost numeric, computed_cost numeric,
    effective_cost numeric, cost_status text, latency_ms numeric
)
    language sql stable parallel safe
begin atomic
    select
        calls.client_id, calls.event_id, calls.occurred_at, calls.provider, calls.model,
        calls.operation, calls.status, calls.error_type, calls.input_tokens,
        calls.output_tokens, calls.total_tokens, calls.currency, calls.reported_cost,
        calls.computed_cost, calls.effective_cost, calls.cost_status, calls.latency_ms
    from usage_calls as calls
    where calls.user_id = for_user
    order by calls.occurred_at desc, calls.event_id collate "C", calls.client_id
    limit require_between('row_limit', row_limit, 1, 1000)
    offset require_between('row_offset', row_offset, 0, 2147483647);
end;
comment on function get_user_request_history is 'A user''s calls, newest first: at most 1,000 at a time.';

create function get_user_token_breakdown(for_user text)
returns table (
    client_id text, provider text, model text, currency text, request_count bigint,
    total_tokens numeric, reported_cost numeric, computed_cost numeric, total_cost numeric,
    unpriced_requests bigint, avg_tokens_per_request numeric, last_used timestamptz
)
    language sql stable parallel safe
begin atomic
    select
        calls.client_id,
        calls.provider,
        calls.model,
        calls.currency,
        count(*),
        sum(calls.total_tokens),
        trim_scale(sum(calls.reported_cost)),
        trim_scale(sum(calls.computed_cost)),
        trim_scale(sum(calls.effective_cost)),
        count(*) filter (where calls.effective_cost is null),
        trim_scale(avg(calls.total_tokens)),
        max(calls.occurred_at)
    from usage_calls as calls
    where calls.user_id = for_user
    group by calls.client_id, calls.provider, calls.model, calls.currency
    order by
        sum(calls.total_tokens) desc nulls last,
        calls.provider collate "C", calls.model collate "C", calls.currency collate "C",
        calls.client_id;
end;
comment on function get_user_token_breakdown is 'A user''s calls by provider and model: one row per currency.';

do $$
declare
    name text;
begin
    foreach name in array array[
        'sum_usage_of_periods', 'get_daily_usage', 'get_weekly_evolution',
        'get_monthly_summary', 'get_user_request_history', 'get_user_token_breakdown'
    ] loop
        execute format('revoke execute on function %I from public', name);
        execute format('grant execute on function %I to daybook_analyst', name);
    end loop;
end $$;
