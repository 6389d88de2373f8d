-- What the raw tables hold of calls, to be compared with the books inside one
-- snapshot.
-- grain: client_id, business_date, currency
-- params: none
select
    facts.client_id,
    facts.business_date::varchar as business_date,
    currency,
    count(*) as calls,
    coalesce(sum(input_tokens), 0) as input_tokens,
    coalesce(sum(output_tokens), 0) as output_tokens,
    coalesce(sum(reported_cost), 0) as reported_cost,
    coalesce(sum(computed_cost), 0) as computed_cost,
    coalesce(sum(cost), 0) as cost,
    coalesce(sum(latency_ms), 0) as latency_ms,
    count(*) filter (where cost_status = 'unpriced') as unpriced_calls,
    count(user_id) as calls_of_users,
    count(conversation_id) as calls_of_conversations
from raw.usage_events as facts
semi join calendar.compared_days as days
    on facts.client_id = days.client_id
    and facts.business_date = days.business_date
group by all
