-- Tells that the disk is low, once until it is not.
-- params: $1 message, $2 now.
insert into error_logs (error_id, error_type, code, message, is_critical, occurred_at)
select gen_random_uuid(), 'system_error', 'disk_low', $1, true, $2
where not exists (
    select from error_logs
    where client_id is null and code = 'disk_low' and resolved_at is null
)
