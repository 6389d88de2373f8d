-- Waits for a STOP that is being stored.
-- params: $1 client, $2 number.
select user_id from sms_users where client_id = $1 and phone = $2 for share
