-- (client, event id) is one call: a second row would count it twice.
-- grain: client_id, event_id that stands more than once
-- params: none
select
    client_id,
    event_id,
    count(*) as copies
from marts.usage_events
group by client_id, event_id
having count(*) > 1
