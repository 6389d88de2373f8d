-- What the raw tables hold, to be compared with the books inside one snapshot.
-- grain: client_id, currency
-- params: none
select
    client_id,
    currency,
    count(*) as calls,
    coalesce(sum(input_tokens), 0) as input_tokens,
    coalesce(sum(output_tokens), 0) as output_tokens,
    coalesce(sum(reported_cost), 0) as reported_cost,
    coalesce(sum(computed_cost), 0) as computed_cost,
    coalesce(sum(cost), 0) as cost,
    count(*) filter (where cost_status = 'unpriced') as unpriced_calls
from raw.usage_events
group by client_id, currency
order by client_id, currency
