-- Every task stands once in each rollup of tasks and of what texting costs.
-- grain: period_kind, client_id, status that differs
-- params: none
with booked as (
    select
        unnest(['day', 'week', 'month']) as period_kind,
        client_id,
        status,
        count(*) as tasks,
        count(*) filter (where is_late) as late_tasks
    from staging.stg_books__tasks
    group by client_id, status
),

rolled as (
    select
        period_kind,
        client_id,
        status,
        sum(tasks) as tasks,
        sum(late_tasks) as late_tasks
    from rollups.tasks_by_period
    group by period_kind, client_id, status
),

costed as (
    select
        costs.period_kind,
        costs.client_id,
        costs.status,
        sum(costs.tasks) as tasks,
        sum(costs.answers) as answers
    from rollups.answer_costs_by_period as costs
    where costs.status is not null
    group by costs.period_kind, costs.client_id, costs.status
)

(from rolled except from booked)
union all
(from booked except from rolled)
union all
select
    period_kind,
    client_id,
    status,
    costed.tasks,
    costed.answers
from costed
left join booked using (period_kind, client_id, status)
where costed.tasks is distinct from booked.tasks
    or costed.answers <> if(status = 'answered', costed.tasks, 0)
