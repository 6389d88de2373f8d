-- Notes that the disk has room again.
-- params: $1 now, $2 notes.
update error_logs
set resolved_at = $1, notes = $2
where client_id is null and code = 'disk_low' and resolved_at is null
returning error_id
