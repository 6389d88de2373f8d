-- Who is meant: users known by an id or a number, and erasures of them that did not end.
-- params: $1 client, $2 user id or null, $3 number or null.
select user_id
from users
where client_id = $1 and user_id in ($2, $3)
union
select user_id
from sms_users
where client_id = $1 and phone = $3
union
select subject ->> 'name'
from erasures
where client_id = $1 and subject is not null
    and (subject ->> 'name' in ($2, $3) or subject -> 'phones' ? $3)
