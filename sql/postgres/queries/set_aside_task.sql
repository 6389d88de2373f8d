-- A task that cannot even be decided: tried again later, then given up, so that it stops no other.
-- params: $1 client, $2 task, $3 fence before the try, $4 due at, $5 how many tries, $6 error, $7 now.
update tasks
set attempts = attempts + 1, fence = fence + 1, due_at = $4, error_type = 'system_error',
    error_message = $6,
    status = case when attempts + 1 >= $5 then 'failed' else 'received' end,
    outcome = case when attempts + 1 >= $5 then 'failed' end,
    completed_at = case when attempts + 1 >= $5 then $7::timestamptz end
where client_id = $1 and task_id = $2 and fence = $3 and status in ('received', 'working')
