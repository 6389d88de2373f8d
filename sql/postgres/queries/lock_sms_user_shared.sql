-- Waits for a STOP, or a FORGET ME, that is being stored.
-- params: $1 client, $2 user.
select forgotten_at is not null as is_forgotten
from sms_users
where client_id = $1 and user_id = $2
for share
