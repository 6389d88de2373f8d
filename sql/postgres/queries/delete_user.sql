-- params: $1 client, $2 user.
delete from users where client_id = $1 and user_id = $2
