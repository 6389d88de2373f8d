-- Waits for whoever decides what this number gets, and keeps others out until the transaction ends.
-- params: $1 client, $2 number.
select user_id from sms_users where client_id = $1 and phone = $2 for update
