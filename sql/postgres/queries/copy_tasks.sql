-- Tasks that changed since the last copy, without words; daybook.copy_from is its horizon.
-- params: none (COPY takes none; the horizon is a transaction setting).
select
    client_id, task_id, message_sid, user_id, conversation_id, keyword, wishes_to_stop, category,
    status, error_type, input_tokens, output_tokens, processing_ms, is_late, received_at,
    completed_at, tier
from tasks
where xid >= current_setting('daybook.copy_from')::xid8
