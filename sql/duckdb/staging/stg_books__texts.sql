-- One row per text in or out. What it costs is what Twilio told, else our
-- estimate; unknown stays unknown.
-- grain: client_id, message_sid
-- params: none
select
    client_id,
    message_sid,
    direction,
    task_id,
    user_id,
    segments,
    currency,
    price as told_price,
    estimated_price,
    carrier_fee,
    coalesce(price, estimated_price) as effective_price,
    happened_at,
    counted_at,
    business_date
from raw.sms_messages
