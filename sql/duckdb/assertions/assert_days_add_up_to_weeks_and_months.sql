-- The days of every week and month add up to it.
-- grain: period_kind, client_id, period_start that differs
-- params: none
with days as (
    select
        usage_by_day.*,
        clients.week_start
    from rollups.usage_by_day as usage_by_day
    inner join staging.stg_books__clients as clients
        on usage_by_day.client_id = clients.client_id
),

summed as (
    select
        'week' as period_kind,
        client_id,
        period_start - ((isodow(period_start) - week_start + 7) % 7)::integer
            as period_start,
        sum(calls) as calls,
        sum(input_tokens + output_tokens) as tokens,
        sum(reported_cost) as reported_cost,
        sum(effective_cost) as effective_cost
    from days
    group by all
    union all
    select
        'month',
        client_id,
        date_trunc('month', period_start)::date,
        sum(calls),
        sum(input_tokens + output_tokens),
        sum(reported_cost),
        sum(effective_cost)
    from days
    group by all
),

rolled as (
    select
        'week' as period_kind,
        client_id,
        period_start,
        sum(calls) as calls,
        sum(input_tokens + output_tokens) as tokens,
        sum(reported_cost) as reported_cost,
        sum(effective_cost) as effective_cost
    from rollups.usage_by_week
    group by all
    union all
    select
        'month',
        client_id,
        period_start,
        sum(calls),
        sum(input_tokens + output_tokens),
        sum(reported_cost),
        sum(effective_cost)
    from rollups.usage_by_month
    group by all
)

(from summed except from rolled)
union all
(from rolled except from summed)
