-- One row per text that wants something, with what the person waited.
-- grain: client_id, task_id
-- params: none
-- why: the time to an answer is from the receipt of the text on; clocks that
-- disagree make no wait shorter than none, and one without an end is no wait.
select
    client_id,
    task_id,
    message_sid,
    user_id,
    conversation_id,
    category,
    tier,
    status,
    error_type,
    is_late,
    wishes_to_stop,
    coalesce(keyword = 'stop', false) as is_opt_out,
    input_tokens,
    output_tokens,
    processing_ms,
    if(
        status = 'answered' and completed_at is not null,
        greatest(epoch_us(completed_at) - epoch_us(received_at), 0),
        null
    ) as answer_us,
    received_at,
    business_date
from staging.stg_books__tasks
