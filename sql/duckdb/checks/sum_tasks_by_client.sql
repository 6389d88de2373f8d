-- What the raw tables hold of tasks, to be compared with the books.
-- grain: client_id, category, status
-- params: none
select
    client_id,
    category,
    status,
    count(*) as tasks,
    count(*) filter (where is_late) as late_tasks,
    count(*) filter (where wishes_to_stop) as wishes,
    count(keyword) as keywords,
    count(error_type) as errors,
    count(completed_at) as completed_tasks,
    coalesce(sum(processing_ms), 0) as processing_ms,
    coalesce(sum(input_tokens), 0) as input_tokens,
    coalesce(sum(output_tokens), 0) as output_tokens
from raw.tasks
group by client_id, category, status
order by client_id, category, status
