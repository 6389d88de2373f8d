-- rollups.latencies_by_period, computed from the books by Postgres.
-- params: none.
with period_days as materialized (
    select
        client_days.client_id, periods.period_kind, periods.period_start,
        utc_dates.utc_date::date as utc_date, client_days.starts_at, client_days.ends_at
    from client_days
    cross join lateral (
        values
            ('day', business_date), ('week', week_start_date), ('month', month_start_date)
    ) as periods (period_kind, period_start)
    -- An instant is looked for on its date in UTC: an equal join, where a range would be slow.
    cross join lateral generate_series(
        (client_days.starts_at at time zone 'utc')::date,
        (client_days.ends_at at time zone 'utc')::date,
        interval '1 day'
    ) as utc_dates (utc_date)
)

select
    period_days.period_kind, period_days.client_id, period_days.period_start, calls.provider, calls.model,
    count(*) as timed_calls,
    percentile_disc(0.5) within group (order by calls.latency_ms) as p50_ms,
    percentile_disc(0.95) within group (order by calls.latency_ms) as p95_ms,
    percentile_disc(0.99) within group (order by calls.latency_ms) as p99_ms
from usage_events as calls
inner join period_days
    on calls.client_id = period_days.client_id
    and (calls.occurred_at at time zone 'utc')::date = period_days.utc_date
    and calls.occurred_at >= period_days.starts_at and calls.occurred_at < period_days.ends_at
where calls.latency_ms is not null
group by grouping sets (
    (period_days.period_kind, period_days.client_id, period_days.period_start),
    (
        period_days.period_kind, period_days.client_id, period_days.period_start,
        calls.provider, calls.model
    )
)
