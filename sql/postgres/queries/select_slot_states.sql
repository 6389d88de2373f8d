-- What the ledger knows of a job's slots.
-- params: $1 job, $2 client or null, $3 slots.
select slot_at, state
from runs
where job = $1 and client_id is not distinct from $2 and slot_at = any ($3)
