-- What the warehouse must hold after a copy, per client and currency.
-- params: none.
select
    client_id, currency, count(*)::text as calls,
    coalesce(sum(input_tokens), 0)::text as input_tokens,
    coalesce(sum(output_tokens), 0)::text as output_tokens,
    coalesce(sum(reported_cost), 0)::text as reported_cost,
    coalesce(sum(computed_cost), 0)::text as computed_cost,
    coalesce(sum(cost), 0)::text as cost,
    count(*) filter (where cost_status = 'unpriced')::text as unpriced_calls
from usage_events
group by client_id, currency
order by client_id, currency
