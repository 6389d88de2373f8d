-- One row per client, month and every dimension a report groups by.
-- grain: client_id, period_start, provider, model, user_id, chatbot_id,
-- currency, status
-- params: none
select
    client_id,
    month_start_date as period_start,
    provider,
    model,
    user_id,
    chatbot_id,
    currency,
    status,
    count(*) as calls,
    count(*) filter (where reported_cost > 0) as paid_calls,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(reported_cost) as reported_cost
from marts.usage_events
group by all
