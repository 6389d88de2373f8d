-- rollups.activity_by_period, computed from the books by Postgres.
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

, acts as (
    select usage_events.client_id, occurred_at as happened_at, subjects.*, 1 as calls, 0 as tasks
    from usage_events
    cross join lateral (
        values ('user', user_id), ('conversation', conversation_id)
    ) as subjects (subject, subject_id)
    union all
    select tasks.client_id, received_at, subjects.*, 0, 1
    from tasks
    cross join lateral (
        values ('user', user_id), ('conversation', conversation_id)
    ) as subjects (subject, subject_id)
)

select
    period_days.period_kind, period_days.client_id, period_days.period_start, acts.subject, acts.subject_id,
    sum(acts.calls) as calls, sum(acts.tasks) as tasks
from acts
inner join period_days
    on acts.client_id = period_days.client_id
    and (acts.happened_at at time zone 'utc')::date = period_days.utc_date
    and acts.happened_at >= period_days.starts_at and acts.happened_at < period_days.ends_at
where acts.subject_id is not null
group by
    period_days.period_kind, period_days.client_id, period_days.period_start, acts.subject, acts.subject_id
