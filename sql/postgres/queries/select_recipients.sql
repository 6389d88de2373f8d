-- The mailboxes of a client, oldest first.
-- params: $1 client.
select recipient_id, email, period_kinds, created_at
from recipients
where client_id = $1 and removed_at is null
order by recipient_id
