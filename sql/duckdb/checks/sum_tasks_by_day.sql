-- What the raw tables hold of tasks, to be compared with the books inside one
-- snapshot.
-- grain: client_id, business_date, category, status
-- params: none
select
    facts.client_id,
    facts.business_date::varchar as business_date,
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
    coalesce(sum(output_tokens), 0) as output_tokens,
    count(user_id) as tasks_of_users
from raw.tasks as facts
semi join calendar.compared_days as days
    on facts.client_id = days.client_id
    and facts.business_date = days.business_date
group by all
