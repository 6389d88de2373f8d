-- The days that both sides are compared on, with their bounds.
-- grain: client_id, business_date
-- params: none
select
    days.client_id,
    days.business_date,
    days.starts_at,
    days.ends_at
from calendar.client_days as days
semi join calendar.changed_days as changed_days
    on days.client_id = changed_days.client_id
    and days.business_date = changed_days.business_date
