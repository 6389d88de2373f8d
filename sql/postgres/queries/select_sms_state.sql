-- What the SMS agent of each client has before it and behind it, for a person to read.
-- params: $1 a day ago.
select
    clients.client_id,
    (
        select count(*)::int from tasks
        where tasks.client_id = clients.client_id and tasks.status in ('received', 'working')
    ) as unanswered,
    (
        select count(*)::int from sms_outbox
        where sms_outbox.client_id = clients.client_id
            and sms_outbox.state in ('pending', 'sending')
    ) as unsent,
    (
        select count(*)::int from sms_outbox
        where sms_outbox.client_id = clients.client_id and sms_outbox.state = 'uncertain'
    ) as uncertain,
    (
        select count(*)::int from sms_outbox
        where sms_outbox.client_id = clients.client_id
            and sms_outbox.state = 'failed' and sms_outbox.settled_at >= $1
    ) + (
        select count(*)::int from tasks
        where tasks.client_id = clients.client_id
            and tasks.status = 'failed' and tasks.completed_at >= $1
    ) as failed,
    (
        select count(*)::int from error_logs
        where error_logs.client_id = clients.client_id and error_logs.resolved_at is null
    ) as open_errors,
    (
        select max(tasks.received_at) from tasks where tasks.client_id = clients.client_id
    ) as last_received_at,
    min(sms_numbers.reconciled_at) as reconciled_at
from clients
inner join sms_numbers on sms_numbers.client_id = clients.client_id
group by clients.client_id
order by clients.client_id
