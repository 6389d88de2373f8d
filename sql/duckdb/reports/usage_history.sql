-- Totals of the periods that begin in a range, oldest first.
-- grain: period_start
-- params: client_id, currency, period_kind, range_from, range_until
-- why: costs in another currency than the client's are never added to its own.
with usage as (
    select
        *,
        currency = $currency::varchar as is_own_currency,
        if(is_own_currency or paid_calls = 0, null, currency)
            as other_currency
    from rollups.usage_by_period
    where period_kind = $period_kind::varchar
        and client_id = $client_id::varchar
        and period_start >= $range_from::date
        and period_start < $range_until::date
)

select
    period_start,
    sum(calls) as calls,
    sum(if(cost_status = 'unpriced', 0, calls)) as priced_calls,
    sum(if(is_own_currency, paid_calls, 0)) as paid_calls,
    sum(if(is_own_currency, 0, paid_calls)) as other_calls,
    sum(if(is_own_currency, 0, effective_cost)) as other_cost,
    if(min(other_currency) = max(other_currency), min(other_currency), null)
        as other_currency,
    sum(input_tokens + output_tokens) as total_tokens,
    sum(if(is_own_currency, effective_cost, 0)) as effective_cost
from usage
group by period_start
order by period_start
