-- The client a report is for.
-- grain: one row
-- params: client_id
select
    client_id,
    client_name,
    time_zone,
    week_start,
    currency,
    locale
from marts.clients
where client_id = $client_id::varchar
