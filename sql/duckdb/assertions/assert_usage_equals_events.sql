-- Every rollup of calls adds up to the calls, per period and currency.
-- grain: period_kind, client_id, period_start, currency that differs
-- params: none
with rolled as (
    select
        period_kind,
        client_id,
        period_start,
        currency,
        sum(calls) as calls,
        sum(input_tokens) as input_tokens,
        sum(output_tokens) as output_tokens,
        sum(reported_cost) as reported_cost,
        sum(computed_cost) as computed_cost,
        sum(effective_cost) as effective_cost
    from rollups.usage_by_period as usage
    where exists (
        select 1
        from calendar.asked_days as asked_days
        where asked_days.client_id = usage.client_id
            and asked_days.period_kind = usage.period_kind
            and asked_days.period_start = usage.period_start
    )
    group by period_kind, client_id, period_start, currency
),

booked as (
    select
        asked_days.period_kind,
        asked_days.client_id,
        asked_days.period_start,
        calls.currency,
        count(*) as calls,
        sum(calls.input_tokens) as input_tokens,
        sum(calls.output_tokens) as output_tokens,
        sum(calls.reported_cost) as reported_cost,
        sum(coalesce(calls.computed_cost, 0)) as computed_cost,
        sum(coalesce(calls.effective_cost, 0)) as effective_cost
    from marts.usage_events as calls
    inner join calendar.asked_days as asked_days
        on calls.client_id = asked_days.client_id
        and calls.business_date = asked_days.business_date
    group by all
)

(from rolled except from booked)
union all
(from booked except from rolled)
