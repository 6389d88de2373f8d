-- Calls of tasks that were written since the last copy; daybook.copy_from is its horizon.
-- params: none (COPY takes none; the horizon is a transaction setting).
select client_id, task_id, event_id, purpose
from task_calls
where xid >= current_setting('daybook.copy_from')::xid8
