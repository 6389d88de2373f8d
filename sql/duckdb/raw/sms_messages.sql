-- One row per text in or out, as the books hold it, without numbers and words,
-- and the day that it counts on.
-- grain: client_id, message_sid
-- params: none
-- why: a text counts with its task, when the question came, also where the
-- answer went out after midnight: else no day's answers would add up.
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
    happened_at timestamptz not null,
    counted_at timestamptz not null,
    business_date date not null
)
