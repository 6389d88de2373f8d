-- Every month rollup adds up to the events, per client and currency.
-- grain: client_id, currency that differs
-- params: none
with rolled as (
    select
        client_id,
        currency,
        sum(calls) as calls,
        sum(input_tokens) as input_tokens,
        sum(output_tokens) as output_tokens,
        sum(reported_cost) as reported_cost,
        sum(computed_cost) as computed_cost,
        sum(effective_cost) as effective_cost
    from rollups.usage_by_month
    group by client_id, currency
),

booked as (
    select
        client_id,
        currency,
        count(*) as calls,
        sum(input_tokens) as input_tokens,
        sum(output_tokens) as output_tokens,
        sum(reported_cost) as reported_cost,
        sum(coalesce(computed_cost, 0)) as computed_cost,
        sum(coalesce(effective_cost, 0)) as effective_cost
    from staging.stg_books__usage_events
    group by client_id, currency
)

(from rolled except from booked)
union all
(from booked except from rolled)
