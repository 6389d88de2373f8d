-- One row per zone and business day, as UTC instants, as the books hold it.
-- grain: time_zone, calendar_date
-- params: none
create table if not exists raw.calendar_days (
    time_zone varchar not null,
    calendar_date date not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null
)
