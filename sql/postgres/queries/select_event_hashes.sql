-- The body hashes of known events, to tell a duplicate from a conflict.
-- params: $1 client, $2 event ids.
select event_id, body_hash
from usage_events
where client_id = $1 and event_id = any ($2::text[])
