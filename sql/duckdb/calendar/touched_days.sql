-- The days whose marts are to be built anew.
-- grain: client_id, business_date
-- params: none
select distinct
    client_id,
    business_date
from calendar.changed_days
