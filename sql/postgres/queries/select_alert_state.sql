-- Whether somebody must be told of critical errors, when that was done last, and whether it is being
-- done now.
-- params: $1 now.
select
    exists (
        select 1 from error_logs
        where is_critical and alerted_at is null and resolved_at is null
    ) as is_waiting,
    (select max(alerted_at) from error_logs where alerted_at is not null) as last_alerted_at,
    exists (
        select 1 from runs where job = 'alert' and state = 'running' and lease_until > $1
    ) as is_running
