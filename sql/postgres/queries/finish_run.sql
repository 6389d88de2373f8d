-- Ends a run, unless another holder has taken it over since.
-- params: $1 run id, $2 fence, $3 state, $4 now, $5 rows, $6 error.
update runs
set state = $3, finished_at = $4, row_count = $5, error = $6
where run_id = $1 and fence = $2 and state = 'running'
returning run_id
