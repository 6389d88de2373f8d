-- Adds days to the calendar, and mends those that other zone data had made.
-- params: $1 time zone, $2 dates, $3 starts, $4 ends, $5 version of the zone data.
insert into calendar_days (time_zone, calendar_date, starts_at, ends_at, zone_data)
select $1, days.calendar_date, days.starts_at, days.ends_at, $5
from unnest($2::date[], $3::timestamptz[], $4::timestamptz[])
    as days (calendar_date, starts_at, ends_at)
on conflict (time_zone, calendar_date) do update
set
    starts_at = excluded.starts_at, ends_at = excluded.ends_at, zone_data = excluded.zone_data,
    xid = pg_current_xact_id()
where calendar_days.zone_data < excluded.zone_data
