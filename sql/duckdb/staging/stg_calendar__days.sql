-- One row per zone and business day, with its bounds in UTC.
-- grain: time_zone, calendar_date
-- params: none
select
    time_zone,
    calendar_date,
    starts_at,
    ends_at
from raw.calendar_days
