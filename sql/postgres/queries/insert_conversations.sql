-- Creates the conversations that events name for the first time.
-- params: $1 client, $2 conversation ids in ascending order (a common order cannot deadlock).
insert into conversations (client_id, conversation_id)
select $1, named.conversation_id
from unnest($2::text[]) as named (conversation_id)
on conflict (client_id, conversation_id) do nothing
