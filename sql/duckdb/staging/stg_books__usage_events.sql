-- One row per LLM call. Tokens that were not given count as none.
-- grain: client_id, event_id
-- params: none
select
    client_id,
    event_id,
    provider,
    model,
    user_id,
    conversation_id,
    chatbot_id,
    currency,
    status,
    coalesce(input_tokens, 0) as input_tokens,
    coalesce(output_tokens, 0) as output_tokens,
    coalesce(reported_cost, 0) as reported_cost,
    latency_ms,
    occurred_at
from raw.usage_events
