-- Says that a run's holder lives, unless another has taken it over since.
-- params: $1 run id, $2 fence, $3 lease end.
update runs
set lease_until = $3
where run_id = $1 and fence = $2 and state = 'running'
returning run_id
