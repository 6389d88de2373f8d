-- One row per model call that was made for a task.
-- grain: client_id, event_id
-- params: none
select
    client_id,
    task_id,
    event_id,
    purpose,
    business_date
from raw.task_calls
