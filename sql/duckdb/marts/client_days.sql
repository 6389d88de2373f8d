-- One row per client and business day, with its bounds in UTC.
-- grain: client_id, business_date
-- params: none
select
    client_id,
    business_date,
    starts_at,
    ends_at
from calendar.client_days
