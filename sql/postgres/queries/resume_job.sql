-- Slots that came while the job was paused are not made up.
-- params: $1 job, $2 client or null, $3 now.
update jobs
set paused_at = null, last_slot_at = greatest(last_slot_at, $3)
where job = $1 and client_id is not distinct from $2 and paused_at is not null
returning job
