-- Claims a slot: makes its row, or takes over one that failed or whose holder is gone.
-- params: $1 run id, $2 job, $3 client or null, $4 slot, $5 now, $6 lease end, $7 attempts max,
-- $8 seconds to wait after the first failure; each later one doubles them.
insert into runs (run_id, job, client_id, slot_at, state, started_at, lease_until)
values ($1, $2, $3, $4, 'running', $5, $6)
on conflict (job, client_id, slot_at) do update
set state = 'running', fence = runs.fence + 1, attempts = runs.attempts + 1,
    started_at = excluded.started_at, lease_until = excluded.lease_until,
    finished_at = null, error = null
where (runs.state = 'running' and runs.lease_until <= $5 and runs.attempts < $7)
    or (
        runs.state = 'failed' and runs.attempts < $7
        and runs.finished_at + make_interval(secs => $8 * power(2, runs.attempts - 1)) <= $5
    )
returning run_id, fence, attempts
