-- One row per text that wants something, with the client's own day, week and
-- month of its receipt.
-- grain: client_id, task_id
-- params: none
-- why: the time to an answer is what the person waited, from the receipt of
-- the text on; clocks that disagree make no wait shorter than none. A task
-- outside the calendar would be missing, and assert_every_task_has_a_day looks
-- for that.
with tasks as (
    select
        tasks.*,
        clients.time_zone,
        clients.week_start
    from staging.stg_books__tasks as tasks
    inner join staging.stg_books__clients as clients
        on tasks.client_id = clients.client_id
),

dated as (
    select
        tasks.*,
        days.calendar_date as received_date
    from tasks
    asof inner join staging.stg_calendar__days as days
        on tasks.time_zone = days.time_zone
        and tasks.received_at >= days.starts_at
    where tasks.received_at < days.ends_at
)

select
    client_id,
    task_id,
    message_sid,
    user_id,
    conversation_id,
    category,
    status,
    error_type,
    is_late,
    wishes_to_stop,
    coalesce(keyword = 'stop', false) as is_opt_out,
    input_tokens,
    output_tokens,
    processing_ms,
    if(
        status = 'answered',
        greatest(epoch_us(completed_at) - epoch_us(received_at), 0),
        null
    ) as answer_us,
    received_at,
    received_date,
    received_date - ((isodow(received_date) - week_start + 7) % 7)::integer
        as week_start_date,
    date_trunc('month', received_date)::date as month_start_date
from dated
