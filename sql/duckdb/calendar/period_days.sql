-- One row per client, kind of period and business day: which period holds it.
-- grain: client_id, period_kind, business_date
-- params: none
select
    client_id,
    unnest(['day', 'week', 'month']) as period_kind,
    unnest([business_date, week_start_date, month_start_date]) as period_start,
    business_date
from calendar.client_days
