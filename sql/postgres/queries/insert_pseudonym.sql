-- The pseudonym as a user of its own, first seen when the person was.
-- params: $1 client, $2 user, $3 pseudonym.
insert into users (client_id, user_id, first_seen_at)
select client_id, $3, first_seen_at
from users
where client_id = $1 and user_id = $2
on conflict (client_id, user_id) do nothing
