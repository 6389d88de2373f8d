-- One row per usage event, as the books hold it, and the day that it counts on.
-- grain: client_id, event_id
-- params: none
create table if not exists raw.usage_events (
    client_id varchar not null,
    event_id varchar not null,
    occurred_at timestamptz not null,
    provider varchar not null,
    model varchar not null,
    user_id varchar,
    conversation_id varchar,
    chatbot_id varchar,
    operation varchar,
    service_tier varchar,
    input_tokens bigint,
    output_tokens bigint,
    reported_cost decimal(38, 18),
    currency varchar not null,
    status varchar,
    error_type varchar,
    latency_ms decimal(15, 3),
    computed_cost decimal(38, 18),
    computed_currency varchar,
    cost decimal(38, 18),
    cost_status varchar not null,
    business_date date not null
)
