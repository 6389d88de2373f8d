-- params: $1 client, $2 user.
delete from user_profiles where client_id = $1 and user_id = $2
returning 1
