-- One row per text that wants something, as the books hold it, without words.
-- grain: client_id, task_id
-- params: none
create table if not exists raw.tasks (
    client_id varchar not null,
    task_id varchar not null,
    message_sid varchar not null,
    user_id varchar not null,
    conversation_id varchar not null,
    keyword varchar,
    wishes_to_stop boolean not null,
    category varchar not null,
    status varchar not null,
    error_type varchar,
    input_tokens bigint,
    output_tokens bigint,
    processing_ms decimal(15, 3),
    is_late boolean not null,
    received_at timestamptz not null,
    completed_at timestamptz,
    tier varchar,
    business_date date not null
)
