-- What the raw tables hold of errors of the SMS agent, to be compared with the
-- books inside one snapshot.
-- grain: client_id, business_date, error_type
-- params: none
select
    facts.client_id,
    facts.business_date::varchar as business_date,
    error_type,
    count(*) as errors,
    count(*) filter (where is_critical) as critical_errors
from raw.error_logs as facts
semi join calendar.compared_days as days
    on facts.client_id = days.client_id
    and facts.business_date = days.business_date
group by all
