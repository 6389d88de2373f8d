-- One row per LLM call with the cost that counts now and the day it counts on.
-- grain: client_id, event_id
-- params: none
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
    currency,
    status,
    error_type,
    input_tokens,
    output_tokens,
    reported_cost,
    computed_cost,
    effective_cost,
    cost_status,
    latency_ms,
    occurred_at,
    business_date
from staging.stg_books__usage_events
