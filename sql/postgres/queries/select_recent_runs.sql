-- The newest run of every job and client, for a person to read.
-- params: none.
select distinct on (job, client_id)
    job, client_id, slot_at, state, attempts, started_at, finished_at, row_count, error
from runs
order by job, client_id, slot_at desc
