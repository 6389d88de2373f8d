-- rollups.waits_by_period, computed from the books by Postgres.
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

, waits as (
    select
        client_id, received_at, category,
        greatest(
            (extract(epoch from completed_at) - extract(epoch from received_at)) * 1000000, 0
        )::bigint as answer_us
    from tasks
    where status = 'answered' and completed_at is not null
)

select
    period_days.period_kind, period_days.client_id, period_days.period_start, waits.category, count(*) as answers,
    percentile_disc(0.5) within group (order by waits.answer_us) as p50_us,
    percentile_disc(0.95) within group (order by waits.answer_us) as p95_us,
    percentile_disc(0.99) within group (order by waits.answer_us) as p99_us
from waits
inner join period_days
    on waits.client_id = period_days.client_id
    and (waits.received_at at time zone 'utc')::date = period_days.utc_date
    and waits.received_at >= period_days.starts_at and waits.received_at < period_days.ends_at
group by grouping sets (
    (period_days.period_kind, period_days.client_id, period_days.period_start),
    (
        period_days.period_kind, period_days.client_id, period_days.period_start,
        waits.category
    )
)
