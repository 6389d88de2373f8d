-- One row per user id that a client has named, as the books hold it; who texts
-- has a tier.
-- grain: client_id, user_id
-- params: none
create table if not exists raw.users (
    client_id varchar not null,
    user_id varchar not null,
    first_seen_at timestamptz not null,
    tier varchar,
    is_active boolean
)
