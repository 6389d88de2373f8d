-- Gives back what a try held, once its calls are booked; what a later one holds stays.
-- params: $1 client, $2 task, $3 fence.
update tasks set reserved_on = null, reserved_cost = null
where client_id = $1 and task_id = $2 and fence = $3 and reserved_cost is not null
