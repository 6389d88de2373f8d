-- Ends what a login may see, at once and also in its open sessions.
-- params: $1 role.
delete from database_logins
where role_name = $1
