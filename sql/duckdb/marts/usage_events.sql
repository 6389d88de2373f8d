-- One row per LLM call with the client's own day, week and month.
-- grain: client_id, event_id
-- params: none
-- why: a call is an outlier when it costs more than the client's multiple of
-- the usual (median) call of its model; it counts like any other, and is shown
-- apart. An asof join finds the day by its start, so no zone arithmetic is
-- done here; an event outside the calendar would be missing, and
-- assert_every_event_has_a_day looks for that.
with events as (
    select
        usage_events.*,
        clients.time_zone,
        clients.week_start,
        clients.outlier_multiple
    from staging.stg_books__usage_events as usage_events
    inner join staging.stg_books__clients as clients
        on usage_events.client_id = clients.client_id
),

dated as (
    select
        events.*,
        days.calendar_date as usage_date
    from events
    asof inner join staging.stg_calendar__days as days
        on events.time_zone = days.time_zone
        and events.occurred_at >= days.starts_at
    where events.occurred_at < days.ends_at
),

usual as (
    select
        client_id,
        currency,
        provider,
        model,
        quantile_disc(effective_cost, 0.5) as usual_cost
    from staging.stg_books__usage_events
    where effective_cost > 0
    group by client_id, currency, provider, model
    having count(*) >= 20
)

select
    client_id,
    event_id,
    provider,
    model,
    user_id,
    conversation_id,
    chatbot_id,
    currency,
    status,
    input_tokens,
    output_tokens,
    reported_cost,
    computed_cost,
    effective_cost,
    cost_status,
    coalesce(effective_cost > usual_cost * outlier_multiple, false)
        as is_outlier,
    latency_ms,
    occurred_at,
    usage_date,
    usage_date - ((isodow(usage_date) - week_start + 7) % 7)::integer
        as week_start_date,
    date_trunc('month', usage_date)::date as month_start_date
from dated
left join usual using (client_id, currency, provider, model)
