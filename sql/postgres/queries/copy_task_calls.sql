-- Calls of tasks that were written since the last copy; daybook.copy_from is its horizon.
-- params: none (COPY takes none; the horizon is a transaction setting).
-- why: a call counts when its task came.
select
    task_calls.client_id, task_calls.task_id, task_calls.event_id, task_calls.purpose,
    tasks.received_at as counted_at
from task_calls
inner join tasks
    on tasks.client_id = task_calls.client_id and tasks.task_id = task_calls.task_id
where task_calls.xid >= current_setting('daybook.copy_from')::xid8
