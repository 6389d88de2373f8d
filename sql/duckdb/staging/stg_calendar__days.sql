-- One row per zone and business day, with its bounds in UTC.
-- grain: time_zone, calendar_date
-- params: none
-- why: a day that a zone left out (Samoa, 30 December 2011) begins at the same
-- instant as the next one, has no length and can hold no event.
select
    time_zone,
    calendar_date,
    starts_at,
    ends_at
from raw.calendar_days
where starts_at < ends_at
