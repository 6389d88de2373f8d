-- Empties the tasks of a person; what was not answered yet will not be.
-- params: $1 client, $2 user, $3 the task that asks for it or null, $4 now.
-- why: the texts lead to the tasks by their keys, which name no user.
update tasks
set request = null, reply = null, rest = null, error_message = null, metadata = null,
    transcripts = null,
    status = case
        when status in ('received', 'working') and task_id is distinct from $3
            then 'ignored'
        else status
    end,
    outcome = case
        when status in ('received', 'working') and task_id is distinct from $3
            then 'forgotten'
        else outcome
    end,
    completed_at = case
        when status in ('received', 'working') and task_id is distinct from $3
            then $4
        else completed_at
    end
where client_id = $1 and user_id = $2
    and message_sid in (
        select message_sid from sms_messages where client_id = $1 and user_id = $2
    )
