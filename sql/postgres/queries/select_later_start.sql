-- Whether a person has opted in again after a text that is stored only now.
-- params: $1 client, $2 user, $3 when the text came.
select tasks.task_id
from sms_messages
inner join tasks
    on tasks.client_id = sms_messages.client_id and tasks.message_sid = sms_messages.message_sid
where sms_messages.client_id = $1 and sms_messages.user_id = $2 and sms_messages.happened_at > $3
    and tasks.keyword = 'start'
limit 1
