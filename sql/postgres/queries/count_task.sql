-- params: $1 client, $2 task, $3 fence, $4 the month that the task was counted in.
update tasks set counted_month = $4 where client_id = $1 and task_id = $2 and fence = $3
