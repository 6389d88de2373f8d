-- What other tries hold of a day's caps of the model's cost, of a client and of one person.
-- params: $1 client, $2 day, $3 the task that asks, $4 its user.
select
    coalesce(sum(reserved_cost), 0) as of_client,
    coalesce(sum(reserved_cost) filter (where user_id = $4), 0) as of_number
from tasks
where client_id = $1 and reserved_on = $2 and reserved_cost is not null and task_id <> $3
