-- Gives a run back that waits for its data, as if it had not been begun; nobody does it before then.
-- params: $1 run id, $2 fence, $3 not before, $4 why.
update runs
set state = 'due', fence = fence + 1, attempts = attempts - 1, lease_until = null,
    not_before = $3, error = $4
where run_id = $1 and fence = $2 and state = 'running'
returning run_id
