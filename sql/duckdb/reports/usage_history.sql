-- Totals of the periods that begin in a range, oldest first.
-- grain: period_start
-- params: client_id, currency, period_kind, range_from, range_until
select
    period_start,
    sum(calls) as calls,
    sum(priced_calls) as priced_calls,
    sum(paid_calls) as paid_calls,
    sum(total_tokens) as total_tokens,
    sum(reported_cost) as reported_cost
from (
    select
        period_start,
        calls,
        if(cost_status = 'unpriced', 0, calls) as priced_calls,
        if(currency = $currency::varchar, paid_calls, 0) as paid_calls,
        input_tokens + output_tokens as total_tokens,
        if(currency = $currency::varchar, reported_cost, 0) as reported_cost
    from rollups.usage_by_period
    where period_kind = $period_kind::varchar
        and client_id = $client_id::varchar
        and period_start >= $range_from::date
        and period_start < $range_until::date
)
group by period_start
order by period_start
