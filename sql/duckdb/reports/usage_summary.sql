-- All-time totals of a client, in all and by day, week, month, model and user.
-- grain: part, part_key
-- params: client_id, currency
with usage as (
    select
        period_kind,
        period_start,
        model,
        user_id,
        calls,
        input_tokens,
        output_tokens,
        if(currency = $currency::varchar, reported_cost, 0) as reported_cost,
        if(currency = $currency::varchar, effective_cost, 0)
            as effective_cost
    from rollups.usage_by_period
    where client_id = $client_id::varchar
),

parts as (
    select 'by_' || period_kind as part, period_start::varchar as part_key, *
    from usage
    union all
    select 'by_model', model, *
    from usage
    where period_kind = 'day'
    union all
    select 'by_user', user_id, *
    from usage
    where period_kind = 'day' and user_id is not null
    union all
    select 'totals', '', *
    from usage
    where period_kind = 'day'
)

select
    part,
    part_key,
    sum(calls) as requests,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(input_tokens + output_tokens) as total_tokens,
    sum(reported_cost) as cost,
    sum(effective_cost) as effective_cost
from parts
group by part, part_key
order by part, part_key
