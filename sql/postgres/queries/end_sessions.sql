-- Ends the sessions of a login and waits for each.
-- params: $1 role, $2 milliseconds to wait.
select pg_terminate_backend(pid, $2::bigint)
from pg_stat_activity
where usename = $1
