-- params: $1 client, $2 user.
select phone from sms_users where client_id = $1 and user_id = $2 for update
