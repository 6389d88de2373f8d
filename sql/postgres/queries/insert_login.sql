-- params: $1 role, $2 client, $3 user or null, $4 kind, $5 label.
insert into database_logins (role_name, client_id, user_id, kind, label)
values ($1, $2, $3, $4, $5)
