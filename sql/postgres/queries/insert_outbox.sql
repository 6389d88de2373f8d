-- Queues a text for a task; of each kind a task has one, ever.
-- params: $1 client, $2 outbox id, $3 task, $4 user, $5 kind, $6 from, $7 to, $8 body, $9 segments,
-- $10 despite a STOP, $11 now.
insert into sms_outbox (
    client_id, outbox_id, task_id, user_id, kind, from_number, to_number, body, segments,
    despite_stop, due_at, created_at
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
on conflict (client_id, task_id, kind) do nothing
returning outbox_id
