-- An event that stood in another day than the one that holds its instant would
-- be in the wrong report, or in none.
-- grain: client_id, event_id that is elsewhere
-- params: none
select
    facts.client_id,
    facts.event_id,
    facts.business_date
from marts.usage_events as facts
semi join calendar.touched_days as touched_days
    on facts.client_id = touched_days.client_id
    and facts.business_date = touched_days.business_date
left join calendar.client_days as days
    on facts.client_id = days.client_id
    and facts.business_date = days.business_date
where days.business_date is null
    or facts.occurred_at < days.starts_at
    or facts.occurred_at >= days.ends_at
