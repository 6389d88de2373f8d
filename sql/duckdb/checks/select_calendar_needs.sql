-- The dates that the calendar must reach per zone, and those it has.
-- grain: time_zone
-- params: none
-- why: two days on either side cover every zone's distance from UTC.
with needs as (
    select
        clients.time_zone,
        min(events.occurred_at)::date - 2 as needs_from,
        max(events.occurred_at)::date + 2 as needs_to
    from raw.usage_events as events
    inner join raw.clients as clients on events.client_id = clients.client_id
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
