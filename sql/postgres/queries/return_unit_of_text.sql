-- Gives the request of an answer back that was never sent.
-- params: $1 client, $2 outbox id.
with answer as (
    select tasks.task_id, tasks.user_id, tasks.counted_month
    from sms_outbox
    inner join tasks
        on tasks.client_id = sms_outbox.client_id and tasks.task_id = sms_outbox.task_id
    where sms_outbox.client_id = $1 and sms_outbox.outbox_id = $2
        and sms_outbox.kind = 'answer' and tasks.counted_month is not null
),
uncounted as (
    update tasks set counted_month = null
    from answer
    where tasks.client_id = $1 and tasks.task_id = answer.task_id
)
update sms_users
set monthly_requests = greatest(
        0,
        sms_users.monthly_requests
            - case when sms_users.request_month = answer.counted_month then 1 else 0 end
    ),
    total_requests = greatest(0, sms_users.total_requests - 1)
from answer
where sms_users.client_id = $1 and sms_users.user_id = answer.user_id
