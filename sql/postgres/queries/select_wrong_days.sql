-- The first day that Postgres' own zone data starts at another instant than is given.
-- params: $1 time zone, $2 dates, $3 their first instants.
select to_char(min(days.calendar_date), 'YYYY-MM-DD') as first_date, count(*)::int as days
from unnest($2::date[], $3::timestamptz[]) as days (calendar_date, starts_at)
where timezone($1, days.starts_at)::date <> days.calendar_date
    or timezone($1, days.starts_at - interval '1 microsecond')::date >= days.calendar_date
