-- The days of every week and month add up to it: tasks, answers and costs.
-- grain: period_kind, client_id, period_start, currency that differs
-- params: none
with costs as (
    select
        costs.*,
        inbound_segments + outbound_segments as segments,
        inbound_told_cost + outbound_told_cost + inbound_estimated_cost
        + outbound_estimated_cost + carrier_fee + model_cost
        + transcription_cost as cost,
        clients.week_start
    from rollups.answer_costs_by_period as costs
    inner join staging.stg_books__clients as clients
        on costs.client_id = clients.client_id
),

summed as (
    select
        'week' as period_kind,
        client_id,
        period_start - ((isodow(period_start) - week_start + 7) % 7)::integer
            as period_start,
        currency,
        sum(tasks) as tasks,
        sum(answers) as answers,
        sum(segments) as segments,
        sum(cost) as cost
    from costs
    where period_kind = 'day'
    group by all
    union all
    select
        'month',
        client_id,
        date_trunc('month', period_start)::date,
        currency,
        sum(tasks),
        sum(answers),
        sum(segments),
        sum(cost)
    from costs
    where period_kind = 'day'
    group by all
),

rolled as (
    select
        period_kind,
        client_id,
        period_start,
        currency,
        sum(tasks) as tasks,
        sum(answers) as answers,
        sum(segments) as segments,
        sum(cost) as cost
    from costs
    where period_kind <> 'day'
    group by period_kind, client_id, period_start, currency
)

(from summed except from rolled)
union all
(from rolled except from summed)
