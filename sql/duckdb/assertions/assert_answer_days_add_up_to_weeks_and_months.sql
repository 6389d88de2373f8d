-- The days of every week and month add up to it: tasks, answers and costs.
-- grain: period_kind, client_id, period_start, currency that differs
-- params: none
with costs as (
    select
        period_kind,
        client_id,
        period_start,
        currency,
        sum(tasks) as tasks,
        sum(answers) as answers,
        sum(inbound_segments + outbound_segments) as segments,
        sum(
            inbound_told_cost + outbound_told_cost + inbound_estimated_cost
            + outbound_estimated_cost + carrier_fee + model_cost
            + transcription_cost
        ) as cost
    from rollups.answer_costs_by_period
    group by period_kind, client_id, period_start, currency
),

summed as (
    select
        asked_days.period_kind,
        asked_days.client_id,
        asked_days.period_start,
        days.currency,
        sum(days.tasks) as tasks,
        sum(days.answers) as answers,
        sum(days.segments) as segments,
        sum(days.cost) as cost
    from costs as days
    inner join calendar.asked_days as asked_days
        on days.client_id = asked_days.client_id
        and days.period_start = asked_days.business_date
    where days.period_kind = 'day' and asked_days.period_kind <> 'day'
    group by all
),

rolled as (
    select *
    from costs
    where period_kind <> 'day'
        and exists (
            select 1
            from calendar.asked_days as asked_days
            where asked_days.client_id = costs.client_id
                and asked_days.period_kind = costs.period_kind
                and asked_days.period_start = costs.period_start
        )
)

(from summed except from rolled)
union all
(from rolled except from summed)
