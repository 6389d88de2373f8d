-- rollups.errors_by_period, computed from the books by Postgres.
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

, errors as (
    select
        client_id, occurred_at, 'call' as source, error_type, provider, model,
        false as is_critical
    from usage_events
    where status = 'error'
    union all
    select client_id, occurred_at, 'agent', error_type, null, null, is_critical
    from error_logs
    where client_id is not null
)

select
    period_days.period_kind, period_days.client_id, period_days.period_start, errors.source, errors.error_type,
    errors.provider, errors.model, count(*) as errors,
    count(*) filter (where errors.is_critical) as critical_errors
from errors
inner join period_days
    on errors.client_id = period_days.client_id
    and (errors.occurred_at at time zone 'utc')::date = period_days.utc_date
    and errors.occurred_at >= period_days.starts_at and errors.occurred_at < period_days.ends_at
group by
    period_days.period_kind, period_days.client_id, period_days.period_start, errors.source, errors.error_type,
    errors.provider, errors.model
