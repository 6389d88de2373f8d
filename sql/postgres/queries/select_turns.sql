-- The last answered turns of a conversation, newest first.
-- params: $1 client, $2 conversation, $3 before this task's receipt, $4 how many.
select request, reply
from tasks
where client_id = $1 and conversation_id = $2 and received_at < $3 and status = 'answered'
    and outcome = 'answer' and request is not null and reply is not null
order by received_at desc, task_id desc
limit $4
