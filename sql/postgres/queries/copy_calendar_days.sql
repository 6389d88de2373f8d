-- Days of the calendar that were added or changed since the last copy; daybook.copy_from is its
-- horizon.
-- params: none (COPY takes none; the horizon is a transaction setting).
select time_zone, calendar_date, starts_at, ends_at
from calendar_days
where xid >= current_setting('daybook.copy_from')::xid8
