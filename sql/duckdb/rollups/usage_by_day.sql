-- One row per client, day and every dimension a report groups by.
-- grain: client_id, period_start, provider, model, user_id, chatbot_id,
-- currency, status, cost_status
-- params: none
select
    client_id,
    usage_date as period_start,
    provider,
    model,
    user_id,
    chatbot_id,
    currency,
    status,
    cost_status,
    count(*) as calls,
    count(*) filter (where effective_cost > 0) as paid_calls,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(reported_cost) as reported_cost,
    sum(coalesce(computed_cost, 0)) as computed_cost,
    sum(coalesce(effective_cost, 0)) as effective_cost,
    sum(if(computed_cost is null, 0, reported_cost))
        as compared_reported_cost,
    sum(if(reported_cost > 0, coalesce(computed_cost, 0), 0))
        as compared_computed_cost,
    count(*) filter (where is_outlier) as outlier_calls,
    sum(if(is_outlier, effective_cost, 0)) as outlier_cost
from marts.usage_events
group by all
