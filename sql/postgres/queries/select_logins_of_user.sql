-- params: $1 client, $2 user.
select role_name from database_logins where client_id = $1 and user_id = $2
