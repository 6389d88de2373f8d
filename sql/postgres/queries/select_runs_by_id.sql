-- params: $1 run ids.
select run_id, slot_at, state, attempts, row_count, error
from runs
where run_id = any ($1)
order by slot_at
