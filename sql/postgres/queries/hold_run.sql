-- Finds a run that is still its holder's; nobody can take it over until the transaction ends.
-- params: $1 run id, $2 fence.
select run_id from runs
where run_id = $1 and fence = $2 and state = 'running'
for share
