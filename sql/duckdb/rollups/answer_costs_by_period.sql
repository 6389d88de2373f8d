-- What texting costs by day, week and month of the question, in every dimension
-- that a report groups by; texts of no task have no status, category and
-- conversation.
-- grain: period_kind, client_id, period_start, currency, status, category,
-- user_id, conversation_id
-- params: none
select
    asked_days.period_kind,
    asked_days.client_id,
    asked_days.period_start,
    costs.currency,
    costs.status,
    costs.category,
    costs.user_id,
    costs.conversation_id,
    sum(costs.tasks) as tasks,
    sum(costs.answers) as answers,
    sum(costs.answers_of_unknown_cost) as answers_of_unknown_cost,
    sum(costs.inbound_texts) as inbound_texts,
    sum(costs.outbound_texts) as outbound_texts,
    sum(costs.inbound_segments) as inbound_segments,
    sum(costs.outbound_segments) as outbound_segments,
    sum(costs.inbound_told_cost) as inbound_told_cost,
    sum(costs.outbound_told_cost) as outbound_told_cost,
    sum(costs.inbound_estimated_cost) as inbound_estimated_cost,
    sum(costs.outbound_estimated_cost) as outbound_estimated_cost,
    sum(costs.carrier_fee) as carrier_fee,
    sum(costs.model_cost) as model_cost,
    sum(costs.transcription_cost) as transcription_cost,
    sum(costs.calls) as calls,
    sum(costs.told_texts) as told_texts,
    sum(costs.unknown_inbound_texts) as unknown_inbound_texts,
    sum(costs.unknown_outbound_texts) as unknown_outbound_texts,
    sum(costs.unknown_fees) as unknown_fees,
    sum(costs.unknown_model_calls) as unknown_model_calls,
    sum(costs.unknown_transcriptions) as unknown_transcriptions,
    sum(costs.compared_texts) as compared_texts,
    sum(costs.compared_told_cost) as compared_told_cost,
    sum(costs.compared_estimated_cost) as compared_estimated_cost
from marts.task_costs as costs
inner join calendar.asked_days as asked_days
    on costs.client_id = asked_days.client_id
    and costs.business_date = asked_days.business_date
group by all
