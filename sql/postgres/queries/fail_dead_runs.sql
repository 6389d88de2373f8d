-- Ends runs whose holder is gone and that may not be tried again.
-- params: $1 now, $2 attempts max.
update runs
set state = 'failed', finished_at = $1,
    error = coalesce(error, 'its holder went away, at the last attempt too')
where state = 'running' and lease_until <= $1 and attempts >= $2
returning job, client_id, slot_at
