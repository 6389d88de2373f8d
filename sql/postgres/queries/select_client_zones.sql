-- The zones that clients count and have counted their days in, oldest first.
-- params: $1 client, or null for all that the role may see.
select client_id, to_char(effective_from, 'YYYY-MM-DD') as effective_from, time_zone
from client_zones
where $1::text is null or client_id = $1
order by client_id, client_zones.effective_from
