-- Totals of one period in all, and by each dimension that a report shows.
-- grain: dimension, then the columns of that dimension
-- params: client_id, currency, period_kind, period_start
-- why: one pass with grouping sets; amounts in another currency than the
-- client's are never added to its own, and stand by themselves under
-- dimension "currency"; a part that has but one of them names it, too. The
-- order leaves no tie open, for the content's hash depends on it.
with period as (
    select
        *,
        currency = $currency::varchar as is_own_currency,
        if(is_own_currency or paid_calls = 0, null, currency)
            as other_currency,
        input_tokens + output_tokens as total_tokens
    from rollups.usage_by_period
    where period_kind = $period_kind::varchar
        and client_id = $client_id::varchar
        and period_start = $period_start::date
)

select
    case
        when grouping(model) = 0 then 'model'
        when grouping(provider) = 0 then 'provider'
        when grouping(user_id) = 0 then 'user'
        when grouping(chatbot_id) = 0 then 'chatbot'
        when grouping(status) = 0 then 'status'
        when grouping(currency) = 0 then 'currency'
        when grouping(cost_status) = 0 then 'cost_status'
        else 'all'
    end as dimension,
    provider,
    model,
    user_id,
    chatbot_id,
    status,
    currency,
    cost_status,
    sum(calls) as calls,
    sum(if(cost_status = 'unpriced', 0, calls)) as priced_calls,
    sum(if(is_own_currency, paid_calls, 0)) as paid_calls,
    sum(if(is_own_currency, 0, paid_calls)) as other_calls,
    sum(if(is_own_currency, 0, effective_cost)) as other_cost,
    if(min(other_currency) = max(other_currency), min(other_currency), null)
        as other_currency,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(total_tokens) as total_tokens,
    sum(if(is_own_currency, reported_cost, 0)) as reported_cost,
    sum(if(is_own_currency, computed_cost, 0)) as computed_cost,
    sum(if(is_own_currency, effective_cost, 0)) as effective_cost,
    sum(if(is_own_currency, compared_reported_cost, 0))
        as compared_reported_cost,
    sum(if(is_own_currency, compared_computed_cost, 0))
        as compared_computed_cost,
    sum(reported_cost) as reported_cost_of_currency,
    sum(effective_cost) as cost_of_currency,
    count(distinct user_id) as users,
    sum(if(user_id is null, 0, total_tokens)) as tokens_of_users
from period
group by grouping sets (
    (),
    (provider),
    (provider, model),
    (user_id),
    (chatbot_id),
    (status),
    (currency),
    (cost_status)
)
order by
    dimension,
    effective_cost desc,
    calls desc,
    provider,
    model,
    user_id,
    chatbot_id,
    status,
    currency,
    cost_status
