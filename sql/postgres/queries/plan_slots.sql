-- Plans slots of a job, unless another planner was faster or the job was paused; open older ones are
-- superseded where missed slots become one.
-- params: $1 job, $2 client or null, $3 the last slot as it was read, $4 the new one, $5 slots,
-- $6 their states, $7 late or not, $8 missed slots, $9 now.
with planned as (
    update jobs
    set last_slot_at = $4
    where job = $1 and client_id is not distinct from $2 and paused_at is null
        and last_slot_at is not distinct from $3
    returning job, client_id, kind, params, policy
),
superseded as (
    update runs
    set state = 'superseded', finished_at = $9
    from planned
    where planned.policy <> 'all' and runs.job = planned.job
        and runs.client_id is not distinct from planned.client_id
        and runs.slot_at < $4 and runs.triggered_by = 'schedule' and runs.kind is not null
        and (
            runs.state in ('due', 'failed')
            or (runs.state = 'running' and runs.lease_until <= $9)
        )
    returning runs.attempts, runs.missed_slots
),
unrun as (
    select coalesce(sum(1 + missed_slots), 0)::integer as slots from superseded where attempts = 0
)
insert into runs (
    run_id, job, client_id, slot_at, state, fence, attempts, kind, params, is_late, missed_slots,
    finished_at
)
select
    gen_random_uuid(), planned.job, planned.client_id, slots.slot_at, slots.state, 0, 0,
    planned.kind, planned.params, slots.is_late or unrun.slots > 0,
    slots.missed_slots + unrun.slots,
    case when slots.state = 'skipped' then $9::timestamptz end
from planned
cross join unrun
cross join unnest($5::timestamptz[], $6::text[], $7::boolean[], $8::integer[])
    as slots (slot_at, state, is_late, missed_slots)
on conflict (job, client_id, slot_at) do nothing
returning slot_at, state
