-- Whether a task is still this worker's; it stays so until the transaction ends.
-- params: $1 client, $2 task, $3 fence.
select task_id from tasks
where client_id = $1 and task_id = $2 and fence = $3 and status = 'working'
for update
