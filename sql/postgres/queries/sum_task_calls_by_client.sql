-- What the warehouse must hold of the calls of tasks after a copy, per client and purpose.
-- params: none.
select client_id, purpose, count(*)::text as calls, count(distinct task_id)::text as tasks
from task_calls
group by client_id, purpose
order by client_id, purpose
