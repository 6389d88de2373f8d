-- Puts a task back, to be tried again.
-- params: $1 client, $2 task, $3 fence, $4 due at, $5 error type, $6 error.
update tasks
set status = 'received', due_at = $4, error_type = $5, error_message = $6
where client_id = $1 and task_id = $2 and fence = $3 and status = 'working'
returning task_id
