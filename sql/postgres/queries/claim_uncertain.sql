-- Takes the oldest text of which nobody knows whether it was sent: told so, or its sender is gone.
-- params: $1 client, $2 now, $3 when it may be looked at again.
update sms_outbox
set state = 'uncertain', fence = fence + 1, due_at = $3
where client_id = $1 and outbox_id = (
    select outbox_id
    from sms_outbox
    where client_id = $1 and state in ('sending', 'uncertain') and due_at <= $2
    order by due_at
    limit 1
    for update skip locked
)
returning
    outbox_id, task_id, user_id, kind, from_number, to_number, body, segments, attempts, fence,
    claimed_at, created_at, reserved_on::text
