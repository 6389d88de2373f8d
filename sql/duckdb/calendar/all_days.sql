-- Every day that has rows, as if all of them had changed.
-- grain: client_id, business_date
-- params: none
with days as (
    select client_id, business_date from raw.usage_events
    union all
    select client_id, business_date from raw.cost_adjustments
    union all
    select client_id, business_date from raw.tasks
    union all
    select client_id, business_date from raw.task_calls
    union all
    select client_id, business_date from raw.sms_messages
    union all
    select client_id, business_date from raw.error_logs
)

select
    client_id,
    business_date,
    'all' as source,
    0 as row_count
from days
group by client_id, business_date
