-- What became of the tasks, by day, week and month of their receipt.
-- grain: period_kind, client_id, period_start, status, category, tier,
-- error_type
-- params: none
select
    asked_days.period_kind,
    asked_days.client_id,
    asked_days.period_start,
    tasks.status,
    tasks.category,
    tasks.tier,
    tasks.error_type,
    count(*) as tasks,
    count(*) filter (where tasks.is_late) as late_tasks,
    count(*) filter (where tasks.is_opt_out) as opt_outs,
    count(*) filter (where tasks.wishes_to_stop) as wishes_to_stop,
    count(tasks.processing_ms) as timed_tasks,
    coalesce(sum(tasks.processing_ms), 0) as processing_ms,
    sum(tasks.input_tokens) as input_tokens,
    sum(tasks.output_tokens) as output_tokens
from marts.tasks as tasks
inner join calendar.asked_days as asked_days
    on tasks.client_id = asked_days.client_id
    and tasks.business_date = asked_days.business_date
group by all
