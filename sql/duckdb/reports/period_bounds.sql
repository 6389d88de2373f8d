-- The first instant of a range of days, the one after its last, and which day
-- of it is the last that the calendar holds.
-- grain: one row
-- params: client_id, range_from, range_until
select
    min(starts_at) as starts_at,
    max(ends_at) as ends_at,
    max(business_date) as last_date
from marts.client_days
where client_id = $client_id::varchar
    and business_date >= $range_from::date
    and business_date < $range_until::date
