-- One row per error of the SMS agent, as the books hold it, without its words,
-- and the day that it counts on.
-- grain: client_id, error_id
-- params: none
create table if not exists raw.error_logs (
    client_id varchar not null,
    error_id varchar not null,
    error_type varchar not null,
    is_critical boolean not null,
    occurred_at timestamptz not null,
    business_date date not null
)
