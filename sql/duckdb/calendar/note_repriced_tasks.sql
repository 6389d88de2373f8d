-- Notes the days of tasks whose calls were repriced: a call that was made after
-- midnight counts with its task on the day before.
-- grain: client_id, business_date
-- params: none
insert into calendar.changed_days by name
select
    task_calls.client_id,
    task_calls.business_date,
    'cost_adjustments' as source,
    count(*) as row_count
from raw.task_calls as task_calls
inner join raw.cost_adjustments as adjustments
    on task_calls.client_id = adjustments.client_id
    and task_calls.event_id = adjustments.event_id
    and task_calls.business_date <> adjustments.business_date
semi join calendar.changed_days as changed_days
    on adjustments.client_id = changed_days.client_id
    and adjustments.business_date = changed_days.business_date
    and changed_days.source = 'cost_adjustments'
group by task_calls.client_id, task_calls.business_date
