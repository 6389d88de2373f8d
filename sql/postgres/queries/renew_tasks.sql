-- Prolongs leases: the tasks that are still their worker's, and which of them were prolonged.
-- params: $1 client, $2 tasks, $3 their fences, $4 the new end of the leases.
-- why: whoever has a task locked ends or forgets it right now; waiting for him could wait for ever.
with asked as (
    select * from unnest($2::uuid[], $3::bigint[]) as asked (task_id, fence)
),
held as (
    select tasks.task_id
    from tasks
    inner join asked on asked.task_id = tasks.task_id and asked.fence = tasks.fence
    where tasks.client_id = $1 and tasks.status = 'working'
),
free as (
    select tasks.task_id
    from tasks
    inner join asked on asked.task_id = tasks.task_id and asked.fence = tasks.fence
    where tasks.client_id = $1 and tasks.status = 'working'
    for no key update of tasks skip locked
),
renewed as (
    update tasks set due_at = $4
    from free
    where tasks.client_id = $1 and tasks.task_id = free.task_id
    returning tasks.task_id
)
select held.task_id, renewed.task_id is not null as is_renewed
from held
left join renewed on renewed.task_id = held.task_id
