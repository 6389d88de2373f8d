-- One row per client, date of UTC and business day that shares an instant with
-- it: where to look for the day of an instant.
-- grain: client_id, utc_date, business_date
-- params: none
-- why: a join on the date of UTC finds the two or three days that may hold an
-- instant; their bounds decide. An asof join of wide rows took 20 times longer.
select
    client_id,
    unnest(
        generate_series(
            starts_at::date, (ends_at - interval 1 microsecond)::date,
            interval 1 day
        )
    )::date as utc_date,
    business_date,
    starts_at,
    ends_at
from calendar.client_days
