-- Every task stands once in each rollup of tasks and of what texting costs.
-- grain: period_kind, client_id, period_start, status that differs
-- params: none
with booked as (
    select
        asked_days.period_kind,
        asked_days.client_id,
        asked_days.period_start,
        tasks.status,
        count(*) as tasks,
        count(*) filter (where tasks.is_late) as late_tasks,
        count(*) filter (where tasks.status = 'answered') as answers
    from staging.stg_books__tasks as tasks
    inner join calendar.asked_days as asked_days
        on tasks.client_id = asked_days.client_id
        and tasks.business_date = asked_days.business_date
    group by all
),

rolled as (
    select
        period_kind,
        client_id,
        period_start,
        status,
        sum(tasks) as tasks,
        sum(late_tasks) as late_tasks
    from rollups.tasks_by_period as tasks
    where exists (
        select 1
        from calendar.asked_days as asked_days
        where asked_days.client_id = tasks.client_id
            and asked_days.period_kind = tasks.period_kind
            and asked_days.period_start = tasks.period_start
    )
    group by period_kind, client_id, period_start, status
),

costed as (
    select
        period_kind,
        client_id,
        period_start,
        status,
        sum(tasks) as tasks,
        sum(answers) as answers
    from rollups.answer_costs_by_period as costs
    where status is not null
        and exists (
            select 1
            from calendar.asked_days as asked_days
            where asked_days.client_id = costs.client_id
                and asked_days.period_kind = costs.period_kind
                and asked_days.period_start = costs.period_start
        )
    group by period_kind, client_id, period_start, status
)

(from rolled except select * exclude (answers) from booked)
union all
(select * exclude (answers) from booked except from rolled)
union all
(from costed except select * exclude (late_tasks) from booked)
union all
(select * exclude (late_tasks) from booked except from costed)
