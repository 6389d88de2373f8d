-- One row per LLM call with the cost that counts now. Tokens that were not
-- given count as none; a cost that is unknown stays unknown.
-- grain: client_id, event_id
-- params: none
-- why: a repriced call takes its newest adjustment; the event itself is never
-- changed. A computed cost in another currency than the call's is left out:
-- the two cannot be added.
with events as (
    select
        events.*,
        adjusted.event_id is not null as is_adjusted,
        adjusted.new_cost,
        adjusted.new_computed_cost,
        adjusted.new_cost_status,
        adjusted.currency as new_currency
    from raw.usage_events as events
    left join raw.cost_adjustments as adjusted
        on events.client_id = adjusted.client_id
        and events.business_date = adjusted.business_date
        and events.event_id = adjusted.event_id
)

select
    client_id,
    event_id,
    provider,
    model,
    operation,
    service_tier,
    user_id,
    conversation_id,
    chatbot_id,
    if(is_adjusted, new_currency, currency) as currency,
    status,
    error_type,
    coalesce(input_tokens, 0) as input_tokens,
    coalesce(output_tokens, 0) as output_tokens,
    if(is_adjusted and new_currency <> currency, 0, coalesce(reported_cost, 0))
        as reported_cost,
    case
        when is_adjusted then new_computed_cost
        when computed_currency = currency then computed_cost
    end as computed_cost,
    if(is_adjusted, new_cost, cost) as effective_cost,
    if(is_adjusted, new_cost_status, cost_status) as cost_status,
    latency_ms,
    occurred_at,
    business_date
from events
