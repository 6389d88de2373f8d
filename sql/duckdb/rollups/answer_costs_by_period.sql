-- What texting costs by day, week and month of the question, in every dimension
-- that a report groups by; texts of no task have no status, category and
-- conversation.
-- grain: period_kind, client_id, period_start, currency, status, category,
-- user_id, conversation_id
-- params: none
with counted as (
    select
        *,
        unnest(['day', 'week', 'month']) as period_kind,
        unnest([counted_date, week_start_date, month_start_date])
            as period_start
    from marts.task_costs
)

select
    period_kind,
    client_id,
    period_start,
    currency,
    status,
    category,
    user_id,
    conversation_id,
    sum(tasks) as tasks,
    sum(answers) as answers,
    sum(answers_of_unknown_cost) as answers_of_unknown_cost,
    sum(inbound_texts) as inbound_texts,
    sum(outbound_texts) as outbound_texts,
    sum(inbound_segments) as inbound_segments,
    sum(outbound_segments) as outbound_segments,
    sum(inbound_told_cost) as inbound_told_cost,
    sum(outbound_told_cost) as outbound_told_cost,
    sum(inbound_estimated_cost) as inbound_estimated_cost,
    sum(outbound_estimated_cost) as outbound_estimated_cost,
    sum(carrier_fee) as carrier_fee,
    sum(model_cost) as model_cost,
    sum(transcription_cost) as transcription_cost,
    sum(calls) as calls,
    sum(told_texts) as told_texts,
    sum(unknown_inbound_texts) as unknown_inbound_texts,
    sum(unknown_outbound_texts) as unknown_outbound_texts,
    sum(unknown_fees) as unknown_fees,
    sum(unknown_model_calls) as unknown_model_calls,
    sum(unknown_transcriptions) as unknown_transcriptions,
    sum(compared_texts) as compared_texts,
    sum(compared_told_cost) as compared_told_cost,
    sum(compared_estimated_cost) as compared_estimated_cost
from counted
group by all
