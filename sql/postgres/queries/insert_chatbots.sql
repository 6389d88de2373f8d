-- Creates the chatbots that events name for the first time.
-- params: $1 client, $2 chatbot ids in ascending order (a common order cannot deadlock).
insert into chatbots (client_id, chatbot_id)
select $1, named.chatbot_id
from unnest($2::text[]) as named (chatbot_id)
on conflict (client_id, chatbot_id) do nothing
