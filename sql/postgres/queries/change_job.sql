-- Changes when a job comes, from now on: slots that the old expression had are not the new one's.
-- params: $1 job, $2 client or null, $3 cron, $4 keep the zone, $5 the zone or null for the client's
-- own, $6 policy, $7 holiday rule, $8 now.
update jobs
set cron = $3, time_zone = case when $4::boolean then time_zone else $5 end, policy = $6,
    on_holiday = $7, last_slot_at = greatest(last_slot_at, $8)
where job = $1 and client_id is not distinct from $2
