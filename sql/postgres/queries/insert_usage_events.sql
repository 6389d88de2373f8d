-- Stores the events that are new and returns their ids; known ids are left alone.
-- params: $1 client, then one array per column.
insert into usage_events (
    client_id, event_id, occurred_at, provider, model, user_id, conversation_id, chatbot_id,
    input_tokens, output_tokens, reported_cost, reported_cost_text, currency, status, latency_ms,
    metadata, body_hash
)
select
    $1, received.event_id, received.occurred_at, received.provider, received.model,
    received.user_id, received.conversation_id, received.chatbot_id,
    received.input_tokens, received.output_tokens,
    received.reported_cost, received.reported_cost_text,
    coalesce(received.currency, clients.currency), received.status, received.latency_ms,
    received.metadata, received.body_hash
from unnest(
    $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::bigint[], $10::bigint[], $11::numeric[], $12::text[], $13::text[], $14::text[],
    $15::numeric[], $16::jsonb[], $17::bytea[]
) as received (
    event_id, occurred_at, provider, model, user_id, conversation_id, chatbot_id,
    input_tokens, output_tokens, reported_cost, reported_cost_text, currency, status, latency_ms,
    metadata, body_hash
)
cross join clients
where clients.client_id = $1
on conflict (client_id, event_id) do nothing
returning event_id
