-- Texts that changed since the last copy, without numbers and words; daybook.copy_from is its
-- horizon.
-- params: none (COPY takes none; the horizon is a transaction setting).
-- why: a text counts when its task came; a task's time never changes.
select
    texts.client_id, texts.message_sid, texts.direction, texts.task_id, texts.user_id,
    texts.segments, texts.currency, texts.estimated_price, texts.carrier_fee, texts.price,
    texts.happened_at, coalesce(tasks.received_at, texts.happened_at) as counted_at
from sms_messages as texts
left join tasks on tasks.client_id = texts.client_id and tasks.task_id = texts.task_id
where texts.xid >= current_setting('daybook.copy_from')::xid8
