-- What is left to say of a conversation's last answer or continuation.
-- params: $1 client, $2 conversation, $3 before this task's receipt.
select rest
from tasks
where client_id = $1 and conversation_id = $2 and received_at < $3 and status = 'answered'
    and outcome in ('answer', 'more')
order by received_at desc, task_id desc
limit 1
