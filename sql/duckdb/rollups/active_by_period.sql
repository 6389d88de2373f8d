-- How many users and conversations were active in every day, week and month:
-- in all, for the first time, and again after the period before.
-- grain: period_kind, client_id, period_start, subject
-- params: none
-- lands: view
-- why: whether somebody is new depends on every period before, so that it is
-- counted when it is asked for, and a late event needs no other period rebuilt.
with seen as (
    select
        period_kind,
        client_id,
        period_start,
        subject,
        calls,
        tasks,
        lag(period_start) over (
            partition by period_kind, client_id, subject, subject_id
            order by period_start
        ) as seen_before
    from rollups.activity_by_period
)

select
    period_kind,
    client_id,
    period_start,
    subject,
    count(*) as active,
    count(*) filter (where seen_before is null) as new,
    count(*) filter (
        where seen_before >= case period_kind
            when 'day' then period_start - 1
            when 'week' then period_start - 7
            else (period_start - interval 1 month)::date
        end
    ) as retained,
    sum(calls) as calls,
    sum(tasks) as tasks
from seen
group by period_kind, client_id, period_start, subject
