-- One row per text in or out, as the books hold it, without numbers and words.
-- grain: client_id, message_sid
-- params: none
create table if not exists raw.sms_messages (
    client_id varchar not null,
    message_sid varchar not null,
    direction varchar not null,
    task_id varchar,
    user_id varchar,
    segments integer not null,
    currency varchar not null,
    estimated_price decimal(38, 18),
    carrier_fee decimal(38, 18),
    price decimal(38, 18),
    happened_at timestamptz not null
)
