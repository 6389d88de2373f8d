-- What the raw tables hold, to be compared with the books inside one snapshot.
-- grain: client_id, currency
-- params: none
select
    client_id,
    currency,
    count(*) as calls,
    coalesce(sum(input_tokens), 0) as input_tokens,
    coalesce(sum(output_tokens), 0) as output_tokens,
    coalesce(sum(reported_cost), 0) as reported_cost
from raw.usage_events
group by client_id, currency
order by client_id, currency
