-- The days whose rows changed since the rollups were built, by the table that
-- the rows are of; one transaction notes a day here, and the one that builds
-- its periods takes it away.
-- grain: client_id, business_date, source
-- params: none
create table if not exists calendar.changed_days (
    client_id varchar not null,
    business_date date not null,
    source varchar not null,
    row_count bigint not null
)
