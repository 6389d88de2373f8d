-- Whoever was active stands once in each period, with all calls and tasks.
-- grain: period_kind, client_id, period_start, subject that differs
-- params: none
with rolled as (
    select
        period_kind,
        client_id,
        period_start,
        count(*) filter (where subject = 'user') as users,
        count(*) filter (where subject = 'conversation') as conversations,
        coalesce(sum(calls) filter (where subject = 'user'), 0) as calls,
        coalesce(sum(tasks) filter (where subject = 'user'), 0) as tasks
    from rollups.activity_by_period as activity
    where exists (
        select 1
        from calendar.asked_days as asked_days
        where asked_days.client_id = activity.client_id
            and asked_days.period_kind = activity.period_kind
            and asked_days.period_start = activity.period_start
    )
    group by period_kind, client_id, period_start
),

acts as (
    select
        client_id,
        business_date,
        user_id,
        conversation_id,
        (user_id is not null)::integer as calls,
        0 as tasks
    from marts.usage_events
    where user_id is not null or conversation_id is not null
    union all
    select
        client_id,
        business_date,
        user_id,
        conversation_id,
        0,
        1
    from staging.stg_books__tasks
),

booked as (
    select
        asked_days.period_kind,
        asked_days.client_id,
        asked_days.period_start,
        count(distinct acts.user_id) as users,
        count(distinct acts.conversation_id) as conversations,
        sum(acts.calls) as calls,
        sum(acts.tasks) as tasks
    from acts
    inner join calendar.asked_days as asked_days
        on acts.client_id = asked_days.client_id
        and acts.business_date = asked_days.business_date
    group by all
)

(from rolled except from booked)
union all
(from booked except from rolled)
