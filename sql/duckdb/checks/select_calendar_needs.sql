-- The dates that the calendar must reach per zone, and those it has.
-- grain: time_zone
-- params: none
-- why: two days on either side cover every zone's distance from UTC.
with instants as (
    select
        client_id,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from raw.usage_events
    group by client_id
    union all
    select
        client_id,
        min(happened_at),
        max(happened_at)
    from raw.sms_messages
    group by client_id
    union all
    select
        client_id,
        min(received_at),
        max(received_at)
    from raw.tasks
    group by client_id
),

needs as (
    select
        clients.time_zone,
        min(instants.first_at)::date - 2 as needs_from,
        max(instants.last_at)::date + 2 as needs_to
    from instants
    inner join raw.clients as clients on instants.client_id = clients.client_id
    group by clients.time_zone
),

has as (
    select
        time_zone,
        min(calendar_date) as has_from,
        max(calendar_date) as has_to
    from raw.calendar_days
    group by time_zone
)

select
    needs.time_zone,
    needs.needs_from,
    needs.needs_to,
    has.has_from,
    has.has_to
from needs
left join has on needs.time_zone = has.time_zone
order by needs.time_zone
