-- The first instant of a range of days and the one after its last.
-- grain: one row
-- params: client_id, range_from, range_until
select
    min(starts_at) as starts_at,
    max(ends_at) as ends_at
from marts.client_days
where client_id = $client_id::varchar
    and business_date >= $range_from::date
    and business_date < $range_until::date
