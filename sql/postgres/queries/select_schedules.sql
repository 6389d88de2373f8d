-- Every enabled schedule with what its slots depend on.
-- params: none.
select
    schedules.client_id, schedules.report, schedules.period_kind,
    schedules.local_time::text as local_time, schedules.created_at,
    clients.time_zone, clients.week_start
from schedules
inner join clients using (client_id)
where schedules.enabled
order by schedules.client_id, schedules.report, schedules.period_kind
