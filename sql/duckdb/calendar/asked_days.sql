-- Every day of the periods that hold a touched day: what the rollups of those
-- periods are built from.
-- grain: client_id, period_kind, business_date
-- params: none
with touched as (
    select distinct
        period_days.client_id,
        period_days.period_kind,
        period_days.period_start
    from calendar.period_days as period_days
    semi join calendar.touched_days as touched_days
        on period_days.client_id = touched_days.client_id
        and period_days.business_date = touched_days.business_date
)

select
    period_days.client_id,
    period_days.period_kind,
    period_days.period_start,
    period_days.business_date
from calendar.period_days as period_days
semi join touched
    on period_days.client_id = touched.client_id
    and period_days.period_kind = touched.period_kind
    and period_days.period_start = touched.period_start
