-- rollups.tasks_by_period, computed from the books by Postgres.
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
    period_days.period_kind, period_days.client_id, period_days.period_start, tasks.status, tasks.category,
    tasks.tier, tasks.error_type, count(*) as tasks, count(*) filter (where tasks.is_late) as late_tasks,
    count(*) filter (where tasks.keyword = 'stop') as opt_outs,
    count(*) filter (where tasks.wishes_to_stop) as wishes_to_stop,
    count(tasks.processing_ms) as timed_tasks,
    coalesce(sum(tasks.processing_ms), 0) as processing_ms,
    sum(coalesce(tasks.input_tokens, 0)) as input_tokens,
    sum(coalesce(tasks.output_tokens, 0)) as output_tokens
from tasks
inner join period_days
    on tasks.client_id = period_days.client_id
    and (tasks.received_at at time zone 'utc')::date = period_days.utc_date
    and tasks.received_at >= period_days.starts_at and tasks.received_at < period_days.ends_at
group by
    period_days.period_kind, period_days.client_id, period_days.period_start, tasks.status, tasks.category,
    tasks.tier, tasks.error_type
