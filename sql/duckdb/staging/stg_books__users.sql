-- One row per user id that a client has named.
-- grain: client_id, user_id
-- params: none
select
    client_id,
    user_id,
    first_seen_at,
    tier,
    is_active
from raw.users
