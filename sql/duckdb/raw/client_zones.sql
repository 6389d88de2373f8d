-- One row per zone that a client has counted its days in, from a date on.
-- grain: client_id, effective_from
-- params: none
create table if not exists raw.client_zones (
    client_id varchar not null,
    effective_from date not null,
    time_zone varchar not null
)
