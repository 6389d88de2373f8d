-- Stores the events that are new and returns their ids; known ids are left alone.
-- params: $1 client, then one array per column; lists as text, since an array of arrays must be even.
insert into usage_events (
    client_id, event_id, source, occurred_at, provider, model, served_model, operation,
    user_id, phone, conversation_id, chatbot_id, request_id, status, error_type,
    latency_ms, ttft_ms, streamed, service_tier, batch, tags, metadata,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
    cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens,
    input_audio_tokens, output_audio_tokens, audio_seconds, images, searches, requests,
    other_units, raw_usage, estimated, flags,
    reported_cost, reported_cost_text, computed_cost, computed_currency,
    cost, cost_status, price_card_id, currency, body_hash
)
select
    $1, received.event_id, received.source, received.occurred_at, received.provider,
    received.model, received.served_model, received.operation,
    received.user_id, received.phone, received.conversation_id, received.chatbot_id,
    received.request_id, received.status, received.error_type,
    received.latency_ms, received.ttft_ms, received.streamed, received.service_tier,
    received.batch, string_to_array(received.tags, e'\x1f'), received.metadata,
    received.input_tokens, received.output_tokens, received.cache_read_tokens,
    received.cache_write_tokens, received.cache_write_5m_tokens,
    received.cache_write_1h_tokens, received.reasoning_tokens,
    received.input_audio_tokens, received.output_audio_tokens, received.audio_seconds,
    received.images, received.searches, received.requests,
    received.other_units, received.raw_usage, received.estimated,
    string_to_array(received.flags, e'\x1f'),
    received.reported_cost, received.reported_cost_text, received.computed_cost,
    received.computed_currency, received.cost, received.cost_status, received.price_card_id,
    coalesce(received.currency, clients.currency), received.body_hash
from unnest(
    $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
    $16::numeric[], $17::numeric[], $18::boolean[], $19::text[], $20::boolean[], $21::text[],
    $22::jsonb[],
    $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[],
    $27::bigint[], $28::bigint[], $29::bigint[],
    $30::bigint[], $31::bigint[], $32::numeric[], $33::bigint[], $34::bigint[], $35::bigint[],
    $36::jsonb[], $37::jsonb[], $38::boolean[], $39::text[],
    $40::numeric[], $41::text[], $42::numeric[], $43::text[],
    $44::numeric[], $45::text[], $46::bigint[], $47::text[], $48::bytea[]
) as received (
    event_id, source, occurred_at, provider, model, served_model, operation,
    user_id, phone, conversation_id, chatbot_id, request_id, status, error_type,
    latency_ms, ttft_ms, streamed, service_tier, batch, tags, metadata,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
    cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens,
    input_audio_tokens, output_audio_tokens, audio_seconds, images, searches, requests,
    other_units, raw_usage, estimated, flags,
    reported_cost, reported_cost_text, computed_cost, computed_currency,
    cost, cost_status, price_card_id, currency, body_hash
)
cross join clients
where clients.client_id = $1
on conflict (client_id, event_id) do nothing
returning event_id
