-- The one row that says which server and snapshot the raw tables come from.
-- grain: one row
-- params: none
create table if not exists raw.copy_state (
    system_identifier varchar not null,
    database_oid varchar not null,
    snapshot varchar not null,
    horizon_xid varchar not null,
    as_of timestamptz not null
)
