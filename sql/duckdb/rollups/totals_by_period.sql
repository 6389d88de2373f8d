-- The figures that every day, week and month is known by, over all dimensions.
-- grain: period_kind, client_id, period_start
-- params: none
-- lands: view
-- why: what is noted of a period when it closes, and compared when late rows
-- come. Costs are in the client's currency; what is in others is counted.
with calls as (
    select
        usage.period_kind,
        usage.client_id,
        usage.period_start,
        sum(usage.calls) as calls,
        sum(if(usage.cost_status = 'unpriced', usage.calls, 0))
            as unpriced_calls,
        sum(usage.input_tokens) as input_tokens,
        sum(usage.output_tokens) as output_tokens,
        sum(if(usage.currency = clients.currency, usage.effective_cost, 0))
            as call_cost
    from rollups.usage_by_period as usage
    inner join marts.clients as clients
        on usage.client_id = clients.client_id
    group by usage.period_kind, usage.client_id, usage.period_start
),

texts as (
    select
        costs.period_kind,
        costs.client_id,
        costs.period_start,
        sum(costs.tasks) as tasks,
        sum(costs.answers) as answers,
        sum(costs.inbound_texts + costs.outbound_texts) as texts,
        sum(
            if(
                costs.currency = clients.currency,
                costs.inbound_told_cost + costs.outbound_told_cost
                + costs.inbound_estimated_cost + costs.outbound_estimated_cost
                + costs.carrier_fee,
                0
            )
        ) as text_cost
    from rollups.answer_costs_by_period as costs
    inner join marts.clients as clients
        on costs.client_id = clients.client_id
    group by costs.period_kind, costs.client_id, costs.period_start
)

select
    period_kind,
    client_id,
    period_start,
    coalesce(calls.calls, 0) as calls,
    coalesce(calls.unpriced_calls, 0) as unpriced_calls,
    coalesce(calls.input_tokens, 0) as input_tokens,
    coalesce(calls.output_tokens, 0) as output_tokens,
    coalesce(calls.call_cost, 0) as call_cost,
    coalesce(texts.tasks, 0) as tasks,
    coalesce(texts.answers, 0) as answers,
    coalesce(texts.texts, 0) as texts,
    coalesce(texts.text_cost, 0) as text_cost
from calls
full join texts using (period_kind, client_id, period_start)
