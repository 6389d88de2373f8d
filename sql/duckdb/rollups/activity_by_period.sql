-- Who and which conversation was active in every day, week and month: by user,
-- by conversation, in calls and in tasks.
-- grain: period_kind, client_id, period_start, subject, subject_id
-- params: none
-- why: distinct counts do not add up, so that the active ones are kept one by
-- one.
with acts as (
    select
        client_id,
        business_date,
        'user' as subject,
        user_id as subject_id,
        1 as calls,
        0 as tasks
    from marts.usage_events
    where user_id is not null
    union all
    select
        client_id,
        business_date,
        'conversation',
        conversation_id,
        1,
        0
    from marts.usage_events
    where conversation_id is not null
    union all
    select
        client_id,
        business_date,
        unnest(['user', 'conversation']),
        unnest([user_id, conversation_id]),
        0,
        1
    from staging.stg_books__tasks
)

select
    asked_days.period_kind,
    asked_days.client_id,
    asked_days.period_start,
    acts.subject,
    acts.subject_id,
    sum(acts.calls) as calls,
    sum(acts.tasks) as tasks
from acts
inner join calendar.asked_days as asked_days
    on acts.client_id = asked_days.client_id
    and acts.business_date = asked_days.business_date
group by all
