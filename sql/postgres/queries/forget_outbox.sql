-- Empties what was sent to a person and keeps back what was not; the confirmation is queued after it.
-- params: $1 client, $2 user, $3 now.
-- why: the texts lead to what answers them by their tasks' keys, which name no user.
update sms_outbox
set body = null, to_number = 'forgotten',
    settled_at = case when state = 'pending' then $3 else settled_at end,
    state = case when state = 'pending' then 'suppressed' else state end
where client_id = $1 and user_id = $2 and state not in ('sending', 'uncertain')
    and task_id in (
        select task_id from sms_messages
        where client_id = $1 and user_id = $2 and task_id is not null
    )
