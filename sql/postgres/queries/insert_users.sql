-- Creates the users that events name for the first time.
-- params: $1 client, $2 user ids in ascending order (a common order cannot deadlock).
insert into users (client_id, user_id)
select $1, named.user_id
from unnest($2::text[]) as named (user_id)
on conflict (client_id, user_id) do nothing
