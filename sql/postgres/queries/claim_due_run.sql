-- Claims the slot that has waited longest, backfills last: one that is due, that failed and may be
-- tried again, or whose holder is gone; never two of a job at a time.
-- params: $1 now, $2 lease end, $3 attempts max, $4 seconds to wait after the first failure,
-- $5 holder, $6 an instant that only a clock set back leaves behind, $7 kinds, $8 newest slot,
-- $9 the runs it may be, or null for all.
update runs
set state = 'running', fence = fence + 1, attempts = attempts + 1, started_at = $1,
    lease_until = $2, holder = $5, finished_at = null, error = null
where run_id = (
    select open.run_id
    from runs as open
    left join jobs
        on jobs.job = open.job and jobs.client_id is not distinct from open.client_id
    where open.kind = any ($7) and open.slot_at <= $8
        and ($9::uuid[] is null or open.run_id = any ($9))
        and open.state in ('due', 'running', 'failed')
        -- No run waits for longer than an hour; a later instant is of a clock set back.
        and (
            open.not_before is null or open.not_before <= $1
            or open.not_before > $1::timestamptz + interval '2 hours'
        )
        and (
            open.state = 'due'
            or (
                open.state = 'running' and open.attempts < $3
                and (open.lease_until <= $1 or open.lease_until > $6)
            )
            or (
                open.state = 'failed' and open.attempts < $3
                and (
                    open.finished_at
                        + make_interval(secs => $4 * power(2, open.attempts - 1)) <= $1
                    or open.finished_at > $6
                )
            )
        )
        and (open.triggered_by <> 'schedule' or jobs.paused_at is null)
        and not exists (
            select 1 from runs as others
            where others.job = open.job
                and others.client_id is not distinct from open.client_id
                and others.run_id <> open.run_id
                and others.state = 'running'
                and others.lease_until > $1 and others.lease_until <= $6
        )
    order by open.triggered_by = 'backfill', open.slot_at, open.job, open.client_id
    limit 1
    for update of open
)
returning run_id, job, client_id, slot_at, kind, params, fence, attempts, triggered_by, is_late,
    missed_slots
