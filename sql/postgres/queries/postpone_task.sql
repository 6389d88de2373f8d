-- Puts a task back, to be tried again.
-- params: $1 client, $2 task, $3 fence, $4 due at, $5 error type, $6 error, $7 what was written down
-- or null, $8 whether the try counts as an attempt.
update tasks
set status = 'received', due_at = $4, error_type = $5, error_message = $6,
    transcripts = coalesce($7::jsonb, transcripts),
    attempts = attempts - case when $8 then 0 else 1 end
where client_id = $1 and task_id = $2 and fence = $3 and status = 'working'
returning task_id
