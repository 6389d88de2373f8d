-- What became of the tasks of one period.
-- grain: status, category, error_type
-- params: client_id, period_kind, period_start
select
    status,
    category,
    error_type,
    sum(tasks) as tasks,
    sum(late_tasks) as late_tasks,
    sum(opt_outs) as opt_outs
from rollups.tasks_by_period
where period_kind = $period_kind::varchar
    and client_id = $client_id::varchar
    and period_start = $period_start::date
group by status, category, error_type
order by status, category, error_type
