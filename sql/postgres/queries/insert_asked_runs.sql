-- Slots that a person asks for; one that nobody will do any more by itself is due again.
-- params: $1 job, $2 client or null, $3 kind, $4 params, $5 trigger, $6 slots, $7 attempts max.
insert into runs (
    run_id, job, client_id, slot_at, state, fence, attempts, kind, params, triggered_by
)
select gen_random_uuid(), $1, $2, slot_at, 'due', 0, 0, $3, $4, $5
from unnest($6::timestamptz[]) as slots (slot_at)
on conflict (job, client_id, slot_at) do update
set state = 'due', fence = runs.fence + 1, attempts = 0, kind = excluded.kind,
    params = excluded.params, triggered_by = excluded.triggered_by, lease_until = null,
    finished_at = null, error = null, not_before = null
where runs.state in ('skipped', 'superseded') or (runs.state = 'failed' and runs.attempts >= $7)
returning run_id, slot_at
