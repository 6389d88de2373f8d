-- params: $1 job, $2 client or null, $3 now.
update jobs
set paused_at = $3
where job = $1 and client_id is not distinct from $2 and paused_at is null
returning job
