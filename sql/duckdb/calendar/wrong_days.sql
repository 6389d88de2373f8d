-- The first day that DuckDB's own zone data starts at another instant than is
-- given.
-- grain: one row
-- params: time_zone, dates and starts_at (lists of equal length, as text)
with days as (
    select
        unnest($dates::date[]) as calendar_date,
        unnest($starts_at::timestamptz[]) as starts_at
)

select
    min(calendar_date) as first_date,
    count(*)::integer as days
from days
where timezone($time_zone::varchar, starts_at)::date <> calendar_date
    or timezone($time_zone::varchar, starts_at - interval 1 microsecond)::date
        >= calendar_date
