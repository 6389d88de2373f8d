-- What the raw tables hold of tasks' calls, to be compared with the books.
-- grain: client_id, purpose
-- params: none
select
    client_id,
    purpose,
    count(*) as calls,
    count(distinct task_id) as tasks
from raw.task_calls
group by client_id, purpose
order by client_id, purpose
