-- (client, event id) is one call: a second row would count it twice.
-- grain: client_id, event_id that stands more than once
-- params: none
select
    events.client_id,
    events.event_id,
    count(*) as copies
from marts.usage_events as events
semi join calendar.touched_days as touched_days
    on events.client_id = touched_days.client_id
    and events.business_date = touched_days.business_date
group by events.client_id, events.event_id
having count(*) > 1
