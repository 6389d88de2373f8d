-- One row per error of the SMS agent.
-- grain: client_id, error_id
-- params: none
select
    client_id,
    error_id,
    error_type,
    is_critical,
    occurred_at,
    business_date
from raw.error_logs
