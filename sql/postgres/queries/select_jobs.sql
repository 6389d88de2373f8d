-- Every job with what its slots depend on.
-- params: none.
select
    jobs.job, jobs.client_id, jobs.kind, jobs.params, jobs.cron, jobs.policy, jobs.on_holiday,
    jobs.paused_at, jobs.created_at, jobs.last_slot_at,
    coalesce(jobs.time_zone, clients.time_zone, 'UTC') as time_zone,
    coalesce(
        array(
            select to_char(holidays.holiday_date, 'YYYY-MM-DD') from holidays
            where holidays.client_id = jobs.client_id
        ),
        '{}'
    ) as holidays
from jobs
left join clients on clients.client_id = jobs.client_id
order by jobs.client_id nulls first, jobs.job
