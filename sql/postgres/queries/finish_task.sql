-- Ends a task, unless somebody else has taken it since.
-- params: $1 client, $2 task, $3 fence, $4 status, $5 outcome, $6 request, $7 reply, $8 rest,
-- $9 model, $10 input tokens, $11 output tokens, $12 processing ms, $13 late, $14 error type,
-- $15 error, $16 now, $17 metadata.
-- why: what was not answered by a model is not counted.
update tasks
set status = $4, outcome = $5, request = $6, reply = $7, rest = $8, model = $9, input_tokens = $10,
    output_tokens = $11, processing_ms = $12, is_late = $13, error_type = $14,
    error_message = $15, completed_at = $16, metadata = $17, transcripts = null,
    reserved_cost = null, reserved_on = null,
    counted_month = case
        when $4 = 'failed' or $5 in ('no-model', 'unreadable-media', 'capped') then null
        else counted_month
    end
where client_id = $1 and task_id = $2 and fence = $3 and status = 'working'
returning task_id
