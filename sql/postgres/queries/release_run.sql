-- Gives a run back that was begun and not done, as if it had not been; what its holder still does
-- takes no effect.
-- params: $1 run id, $2 fence, $3 now, $4 why.
update runs
set state = case when kind is null then 'failed' else 'due' end,
    fence = fence + 1, attempts = attempts - 1, lease_until = null,
    finished_at = case when kind is null then $3::timestamptz end,
    error = $4
where run_id = $1 and fence = $2 and state = 'running'
returning run_id
