-- Writes an error, once: a commit whose answer was lost is repeated.
-- params: $1 client or null, $2 error id, $3 type, $4 code, $5 message, $6 stack, $7 critical,
-- $8 task, $9 user, $10 now, $11 metadata.
insert into error_logs (
    client_id, error_id, error_type, code, message, stack, is_critical, task_id, user_id,
    occurred_at, metadata
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict do nothing
