-- What the warehouse must hold of tasks after a copy, per client, category and status.
-- params: none.
select
    client_id, category, status, count(*)::text as tasks,
    count(*) filter (where is_late)::text as late_tasks,
    count(*) filter (where wishes_to_stop)::text as wishes, count(keyword)::text as keywords,
    count(error_type)::text as errors, count(completed_at)::text as completed_tasks,
    coalesce(sum(processing_ms), 0)::text as processing_ms,
    coalesce(sum(input_tokens), 0)::text as input_tokens,
    coalesce(sum(output_tokens), 0)::text as output_tokens
from tasks
group by client_id, category, status
order by client_id, category, status
