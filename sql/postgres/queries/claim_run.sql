-- Claims a slot: makes its row, or takes over one that is due, that failed or whose holder is gone.
-- params: $1 run id, $2 job, $3 client or null, $4 slot, $5 now, $6 lease end, $7 attempts max,
-- $8 seconds to wait after the first failure, doubled by each later one, $9 holder, $10 trigger,
-- $11 an instant that only a clock set back leaves behind.
insert into runs (
    run_id, job, client_id, slot_at, state, started_at, lease_until, holder, triggered_by
)
values ($1, $2, $3, $4, 'running', $5, $6, $9, $10)
on conflict (job, client_id, slot_at) do update
set state = 'running', fence = runs.fence + 1, attempts = runs.attempts + 1,
    started_at = excluded.started_at, lease_until = excluded.lease_until,
    holder = excluded.holder, finished_at = null, error = null
where runs.state = 'due'
    or (
        runs.state = 'running' and runs.attempts < $7
        and (runs.lease_until <= $5 or runs.lease_until > $11)
    )
    or (
        runs.state = 'failed' and runs.attempts < $7
        and (
            runs.finished_at + make_interval(secs => $8 * power(2, runs.attempts - 1)) <= $5
            or runs.finished_at > $11
        )
    )
returning run_id, fence, attempts
