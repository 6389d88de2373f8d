-- Takes the number off a person; the figures stay with the pseudonym.
-- params: $1 client, $2 user, $3 now.
update sms_users
set phone = null, forgotten_at = $3, is_active = false
where client_id = $1 and user_id = $2
