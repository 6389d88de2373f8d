-- What texting cost in one period, by currency, and by category and user; what
-- the answers cost, part by part, stands beside all of it.
-- grain: dimension, currency, then the column of that dimension
-- params: client_id, period_kind, period_start
-- why: a text of no task has no category: it is a group of its own. The order
-- leaves no tie open, for the content's hash depends on it.
with period as (
    select
        *,
        status is not distinct from 'answered' as is_answer,
        inbound_told_cost + inbound_estimated_cost as inbound_cost,
        outbound_told_cost + outbound_estimated_cost as outbound_cost,
        inbound_told_cost + inbound_estimated_cost + outbound_told_cost
        + outbound_estimated_cost + carrier_fee + model_cost
        + transcription_cost as cost
    from rollups.answer_costs_by_period
    where period_kind = $period_kind::varchar
        and client_id = $client_id::varchar
        and period_start = $period_start::date
)

select
    case
        when grouping(category) = 0 then 'category'
        when grouping(user_id) = 0 then 'user'
        else 'all'
    end as dimension,
    currency,
    category,
    user_id,
    sum(tasks) as tasks,
    sum(answers) as answers,
    sum(answers_of_unknown_cost) as answers_of_unknown_cost,
    sum(inbound_texts) as inbound_texts,
    sum(outbound_texts) as outbound_texts,
    sum(inbound_segments + outbound_segments) as segments,
    sum(cost) as cost,
    sum(told_texts) as told_texts,
    sum(compared_texts) as compared_texts,
    sum(compared_told_cost) as compared_told_cost,
    sum(compared_estimated_cost) as compared_estimated_cost,
    sum(if(is_answer, outbound_segments, 0)) as answer_segments,
    sum(if(is_answer, cost, 0)) as answer_cost,
    sum(if(is_answer, inbound_cost, 0)) as answer_inbound_cost,
    sum(if(is_answer, outbound_cost, 0)) as answer_outbound_cost,
    sum(if(is_answer, carrier_fee, 0)) as answer_carrier_fee,
    sum(if(is_answer, model_cost, 0)) as answer_model_cost,
    sum(if(is_answer, transcription_cost, 0)) as answer_transcription_cost,
    sum(if(is_answer, inbound_estimated_cost, 0)) as answer_inbound_estimate,
    sum(if(is_answer, outbound_estimated_cost, 0)) as answer_outbound_estimate,
    sum(if(is_answer, unknown_inbound_texts, 0)) as answer_unknown_inbound,
    sum(if(is_answer, unknown_outbound_texts, 0)) as answer_unknown_outbound,
    sum(if(is_answer, unknown_fees, 0)) as answer_unknown_fees,
    sum(if(is_answer, unknown_model_calls, 0)) as answer_unknown_models,
    sum(if(is_answer, unknown_transcriptions, 0))
        as answer_unknown_transcriptions,
    sum(
        unknown_inbound_texts + unknown_outbound_texts + unknown_fees
        + unknown_model_calls + unknown_transcriptions
    ) as unknown_parts
from period
group by grouping sets (
    (currency),
    (currency, category),
    (currency, user_id)
)
order by dimension, currency, category, user_id
