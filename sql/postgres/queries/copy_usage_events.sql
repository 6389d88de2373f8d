-- Usage events that were written since the last copy; daybook.copy_from is its horizon.
-- params: none (COPY takes none; the horizon is a transaction setting).
select
    client_id, event_id, occurred_at, provider, model, user_id, conversation_id, chatbot_id,
    operation, service_tier, input_tokens, output_tokens, reported_cost, currency, status,
    error_type, latency_ms, computed_cost, computed_currency, cost, cost_status
from usage_events
where xid >= current_setting('daybook.copy_from')::xid8
