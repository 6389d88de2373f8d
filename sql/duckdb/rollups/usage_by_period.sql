-- What the calls of every day, week and month used and cost, in every dimension
-- that a report groups by.
-- grain: period_kind, client_id, period_start, provider, model, operation,
-- service_tier, user_id, chatbot_id, currency, status, cost_status
-- params: none
select
    asked_days.period_kind,
    asked_days.client_id,
    asked_days.period_start,
    calls.provider,
    calls.model,
    calls.operation,
    calls.service_tier,
    calls.user_id,
    calls.chatbot_id,
    calls.currency,
    calls.status,
    calls.cost_status,
    count(*) as calls,
    count(*) filter (where calls.effective_cost > 0) as paid_calls,
    sum(calls.input_tokens) as input_tokens,
    sum(calls.output_tokens) as output_tokens,
    sum(calls.reported_cost) as reported_cost,
    sum(coalesce(calls.computed_cost, 0)) as computed_cost,
    sum(coalesce(calls.effective_cost, 0)) as effective_cost,
    sum(if(calls.computed_cost is null, 0, calls.reported_cost))
        as compared_reported_cost,
    sum(if(calls.reported_cost > 0, coalesce(calls.computed_cost, 0), 0))
        as compared_computed_cost
from marts.usage_events as calls
inner join calendar.asked_days as asked_days
    on calls.client_id = asked_days.client_id
    and calls.business_date = asked_days.business_date
group by all
