-- What the raw tables hold of calls of tasks, to be compared with the books
-- inside one snapshot.
-- grain: client_id, business_date, purpose
-- params: none
select
    facts.client_id,
    facts.business_date::varchar as business_date,
    purpose,
    count(*) as calls,
    count(distinct task_id) as tasks
from raw.task_calls as facts
semi join calendar.compared_days as days
    on facts.client_id = days.client_id
    and facts.business_date = days.business_date
group by all
