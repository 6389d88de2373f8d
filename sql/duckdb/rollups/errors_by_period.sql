-- What failed in every day, week and month: calls that ended in an error, and
-- errors of the SMS agent (which have no model).
-- grain: period_kind, client_id, period_start, source, error_type, provider,
-- model
-- params: none
with errors as (
    select
        client_id,
        business_date,
        'call' as source,
        error_type,
        provider,
        model,
        false as is_critical
    from marts.usage_events
    where status = 'error'
    union all
    select
        client_id,
        business_date,
        'agent',
        error_type,
        null,
        null,
        is_critical
    from staging.stg_books__errors
)

select
    asked_days.period_kind,
    asked_days.client_id,
    asked_days.period_start,
    errors.source,
    errors.error_type,
    errors.provider,
    errors.model,
    count(*) as errors,
    count(*) filter (where errors.is_critical) as critical_errors
from errors
inner join calendar.asked_days as asked_days
    on errors.client_id = asked_days.client_id
    and errors.business_date = asked_days.business_date
group by all
