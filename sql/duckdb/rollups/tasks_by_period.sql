-- What became of the tasks, by day, week and month of their receipt.
-- grain: period_kind, client_id, period_start, status, category, error_type
-- params: none
with counted as (
    select
        *,
        unnest(['day', 'week', 'month']) as period_kind,
        unnest([received_date, week_start_date, month_start_date])
            as period_start
    from marts.tasks
)

select
    period_kind,
    client_id,
    period_start,
    status,
    category,
    error_type,
    count(*) as tasks,
    count(*) filter (where is_late) as late_tasks,
    count(*) filter (where is_opt_out) as opt_outs,
    count(*) filter (where wishes_to_stop) as wishes_to_stop,
    count(processing_ms) as timed_tasks,
    coalesce(sum(processing_ms), 0) as processing_ms,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens
from counted
group by all
