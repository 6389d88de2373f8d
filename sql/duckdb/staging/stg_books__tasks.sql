-- One row per text that wants something. Tokens that were not given count as
-- none.
-- grain: client_id, task_id
-- params: none
select
    client_id,
    task_id,
    message_sid,
    user_id,
    conversation_id,
    keyword,
    wishes_to_stop,
    category,
    tier,
    status,
    error_type,
    coalesce(input_tokens, 0) as input_tokens,
    coalesce(output_tokens, 0) as output_tokens,
    processing_ms,
    is_late,
    received_at,
    completed_at,
    business_date
from raw.tasks
