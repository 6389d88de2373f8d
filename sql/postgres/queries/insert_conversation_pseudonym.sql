-- The pseudonym of a conversation, first seen when the conversation was.
-- params: $1 client, $2 conversation, $3 pseudonym.
insert into conversations (client_id, conversation_id, first_seen_at)
select client_id, $3, first_seen_at
from conversations
where client_id = $1 and conversation_id = $2
on conflict (client_id, conversation_id) do nothing
