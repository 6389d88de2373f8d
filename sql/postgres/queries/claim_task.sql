-- Takes the oldest task that is due, of a conversation that has no earlier one under way.
-- params: $1 client, $2 now, $3 end of the lease.
-- why: USAGE, FORGET ME and the like need no model, so they do not wait for a task that waits for one.
update tasks
set status = 'working', attempts = attempts + 1, fence = fence + 1, due_at = $3,
    first_taken_at = coalesce(first_taken_at, $2),
    tier = (
        select sms_users.tier
        from sms_users
        where sms_users.client_id = $1 and sms_users.user_id = tasks.user_id
    )
where client_id = $1 and task_id = (
    select waiting.task_id
    from tasks as waiting
    where waiting.client_id = $1 and waiting.status in ('received', 'working')
        and waiting.due_at <= $2
        and not exists (
            select 1
            from tasks as earlier
            where earlier.client_id = $1 and earlier.conversation_id = waiting.conversation_id
                and earlier.status in ('received', 'working')
                and (earlier.received_at, earlier.task_id)
                    < (waiting.received_at, waiting.task_id)
                and (
                    coalesce(waiting.keyword, 'more') = 'more'
                    or earlier.status = 'working' or earlier.due_at <= $2
                )
        )
    order by waiting.received_at, waiting.task_id
    limit 1
    for update skip locked
)
returning
    task_id, message_sid, user_id, conversation_id, own_number, keyword, category, complexity,
    attempts, fence, counted_month, received_at, first_taken_at, transcripts
