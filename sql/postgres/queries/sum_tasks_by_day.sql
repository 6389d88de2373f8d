-- What the warehouse must hold of tasks, per client and day of their receipt.
-- params: $1 clients, $2 dates, $3 starts, $4 ends of the days.
-- why: lateral, so that each day is one range of the index.
select
    days.client_id, days.business_date::text as business_date, sums.*
from
    unnest($1::text[], $2::date[], $3::timestamptz[], $4::timestamptz[])
        as days (client_id, business_date, starts_at, ends_at)
cross join lateral (
    select
        category, status, count(*)::text as tasks,
        count(*) filter (where is_late)::text as late_tasks,
        count(*) filter (where wishes_to_stop)::text as wishes, count(keyword)::text as keywords,
        count(error_type)::text as errors, count(completed_at)::text as completed_tasks,
        coalesce(sum(processing_ms), 0)::text as processing_ms,
        coalesce(sum(input_tokens), 0)::text as input_tokens,
        coalesce(sum(output_tokens), 0)::text as output_tokens,
        count(user_id)::text as tasks_of_users
    from tasks
    where tasks.client_id = days.client_id
        and tasks.received_at >= days.starts_at and tasks.received_at < days.ends_at
    group by category, status
) as sums
