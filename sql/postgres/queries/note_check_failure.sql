-- Notes that a check fails and, when it begins to, a critical error that its owner is told of.
-- params: $1 check, $2 rows, $3 first rows (jsonb), $4 error id, $5 message.
with before as (
    select resolved_at is null as is_failing
    from check_failures
    where check_name = $1
),

noted as (
    insert into check_failures (check_name, failed_at, last_failed_at, row_count, first_rows)
    values ($1, now(), now(), $2, $3)
    on conflict (check_name) do update
    set
        failed_at = case
            when check_failures.resolved_at is null then check_failures.failed_at
            else excluded.failed_at
        end,
        last_failed_at = excluded.last_failed_at, row_count = excluded.row_count,
        first_rows = excluded.first_rows, resolved_at = null
    returning 1
)

insert into error_logs (error_id, error_type, code, message, is_critical, occurred_at)
select $4, 'system_error', $1, $5, true, now()
from noted
where not coalesce((select is_failing from before), false)
