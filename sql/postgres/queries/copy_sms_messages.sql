-- Texts that changed since the last copy, without numbers and words; daybook.copy_from is its
-- horizon.
-- params: none (COPY takes none; the horizon is a transaction setting).
select
    client_id, message_sid, direction, task_id, user_id, segments, currency, estimated_price,
    carrier_fee, price, happened_at
from sms_messages
where xid >= current_setting('daybook.copy_from')::xid8
