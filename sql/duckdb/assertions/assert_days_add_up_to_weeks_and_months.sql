-- The days of every week and month add up to it: calls, tokens and costs.
-- grain: period_kind, client_id, period_start, currency that differs
-- params: none
with days as (
    select
        client_id,
        period_start as business_date,
        currency,
        sum(calls) as calls,
        sum(input_tokens + output_tokens) as tokens,
        sum(reported_cost) as reported_cost,
        sum(effective_cost) as effective_cost
    from rollups.usage_by_period
    where period_kind = 'day'
    group by client_id, period_start, currency
),

summed as (
    select
        asked_days.period_kind,
        asked_days.client_id,
        asked_days.period_start,
        days.currency,
        sum(days.calls) as calls,
        sum(days.tokens) as tokens,
        sum(days.reported_cost) as reported_cost,
        sum(days.effective_cost) as effective_cost
    from days
    inner join calendar.asked_days as asked_days
        on days.client_id = asked_days.client_id
        and days.business_date = asked_days.business_date
    where asked_days.period_kind <> 'day'
    group by all
),

rolled as (
    select
        period_kind,
        client_id,
        period_start,
        currency,
        sum(calls) as calls,
        sum(input_tokens + output_tokens) as tokens,
        sum(reported_cost) as reported_cost,
        sum(effective_cost) as effective_cost
    from rollups.usage_by_period as usage
    where period_kind <> 'day'
        and exists (
            select 1
            from calendar.asked_days as asked_days
            where asked_days.client_id = usage.client_id
                and asked_days.period_kind = usage.period_kind
                and asked_days.period_start = usage.period_start
        )
    group by period_kind, client_id, period_start, currency
)

(from summed except from rolled)
union all
(from rolled except from summed)
