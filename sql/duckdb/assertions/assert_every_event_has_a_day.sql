-- An event outside the calendar would be in no report.
-- grain: client_id, event_id that is missing from the mart
-- params: none
select
    events.client_id,
    events.event_id,
    events.occurred_at
from staging.stg_books__usage_events as events
anti join marts.usage_events as dated
    on events.client_id = dated.client_id
    and events.event_id = dated.event_id
