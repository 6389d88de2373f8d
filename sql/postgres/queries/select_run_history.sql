-- The newest runs, for a person to read.
-- params: $1 job or null for all, $2 client or null for all, $3 how many.
select
    job, client_id, slot_at, state, triggered_by, is_late, missed_slots, attempts, row_count, error,
    holder, extract(epoch from finished_at - started_at)::float8 as seconds
from runs
where ($1::text is null or job = $1) and ($2::text is null or client_id = $2)
order by coalesce(started_at, slot_at) desc, job, client_id
limit $3
