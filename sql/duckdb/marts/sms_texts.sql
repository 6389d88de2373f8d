-- One row per text in or out with the day, week and month that it counts in.
-- grain: client_id, message_sid
-- params: none
-- why: a text counts with its task, on the day that the question came, also
-- where the answer went out after midnight: else no day's answers would add up.
-- A text of no task counts on its own day.
with texts as (
    select
        texts.* exclude (task_id, user_id),
        tasks.task_id,
        coalesce(tasks.user_id, texts.user_id) as user_id,
        coalesce(tasks.received_at, texts.happened_at) as counted_at,
        clients.time_zone,
        clients.week_start
    from staging.stg_books__texts as texts
    inner join staging.stg_books__clients as clients
        on texts.client_id = clients.client_id
    left join staging.stg_books__tasks as tasks
        on texts.client_id = tasks.client_id
        and texts.task_id = tasks.task_id
),

dated as (
    select
        texts.*,
        days.calendar_date as counted_date
    from texts
    asof inner join staging.stg_calendar__days as days
        on texts.time_zone = days.time_zone
        and texts.counted_at >= days.starts_at
    where texts.counted_at < days.ends_at
)

select
    client_id,
    message_sid,
    direction,
    task_id,
    user_id,
    segments,
    currency,
    told_price,
    estimated_price,
    carrier_fee,
    effective_price,
    happened_at,
    counted_date,
    counted_date - ((isodow(counted_date) - week_start + 7) % 7)::integer
        as week_start_date,
    date_trunc('month', counted_date)::date as month_start_date
from dated
