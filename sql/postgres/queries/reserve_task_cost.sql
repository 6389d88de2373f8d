-- Holds what a try may cost, in place of what an earlier one held.
-- params: $1 client, $2 task, $3 fence, $4 day, $5 cost.
update tasks set reserved_on = $4, reserved_cost = $5
where client_id = $1 and task_id = $2 and fence = $3 and status = 'working'
returning task_id
