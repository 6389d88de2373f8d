-- The calls of one period that cost far more than is usual for their model, and
-- what they cost.
-- grain: one row
-- params: client_id, currency, range_from, range_until, usual_from
-- why: usual is the median of the model's paid calls of the period and of the
-- year before it, if there are enough to tell; an outlier counts like any other
-- call, and is shown apart.
with calls as (
    select
        provider,
        model,
        business_date,
        effective_cost
    from marts.usage_events
    where client_id = $client_id::varchar
        and currency = $currency::varchar
        and business_date >= $usual_from::date
        and business_date < $range_until::date
        and effective_cost > 0
),

usual as (
    select
        provider,
        model,
        quantile_disc(effective_cost, 0.5) as usual_cost
    from calls
    group by provider, model
    having count(*) >= 20
)

select
    count(*) as outlier_calls,
    coalesce(sum(calls.effective_cost), 0) as outlier_cost
from calls
inner join usual
    on calls.provider = usual.provider
    and calls.model = usual.model
cross join (
    select outlier_multiple
    from marts.clients
    where client_id = $client_id::varchar
) as client
where calls.business_date >= $range_from::date
    and calls.effective_cost > usual.usual_cost * client.outlier_multiple
