-- What the warehouse must hold of the calls of tasks, per client and day of their task.
-- params: $1 clients, $2 dates, $3 starts, $4 ends of the days.
-- why: lateral, so that each day is one range of the index.
select
    days.client_id, days.business_date::text as business_date, sums.*
from
    unnest($1::text[], $2::date[], $3::timestamptz[], $4::timestamptz[])
        as days (client_id, business_date, starts_at, ends_at)
cross join lateral (
    select
        task_calls.purpose, count(*)::text as calls,
        count(distinct task_calls.task_id)::text as tasks
    from tasks
    inner join task_calls
        on task_calls.client_id = tasks.client_id and task_calls.task_id = tasks.task_id
    where tasks.client_id = days.client_id
        and tasks.received_at >= days.starts_at and tasks.received_at < days.ends_at
    group by task_calls.purpose
) as sums
