-- One row per client, as the books hold it.
-- grain: client_id
-- params: none
create table if not exists raw.clients (
    client_id varchar not null,
    name varchar not null,
    time_zone varchar not null,
    week_start smallint not null,
    currency varchar not null,
    locale varchar not null,
    outlier_multiple integer not null
)
