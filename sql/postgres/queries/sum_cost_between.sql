-- Calls, known cost and texts of a client between two instants.
-- params: $1 client, $2 start, $3 end.
-- why: the newest adjustment of a call is what it costs. Our estimates and carriers' fees are in USD,
-- whatever Twilio bills in, so that a fee is a row of its own.
with calls as (
    select
        usage_events.currency,
        case when adjusted.event_id is null then usage_events.cost else adjusted.new_cost end as cost
    from usage_events
    left join lateral (
        select cost_adjustments.event_id, cost_adjustments.new_cost
        from cost_adjustments
        where cost_adjustments.client_id = $1
            and cost_adjustments.event_id = usage_events.event_id
        order by cost_adjustments.adjustment_id desc
        limit 1
    ) as adjusted on true
    where usage_events.client_id = $1
        and usage_events.occurred_at >= $2 and usage_events.occurred_at < $3
),
texts as (
    select
        case when price is null then 'USD' else currency end as currency,
        coalesce(price, estimated_price) as cost, carrier_fee
    from sms_messages
    where client_id = $1 and happened_at >= $2 and happened_at < $3
)
select
    all_rows.kind, all_rows.currency, count(*)::integer as rows,
    count(all_rows.cost)::integer as priced, coalesce(sum(all_rows.cost), 0)::text as cost
from (
    select 'calls' as kind, calls.currency, calls.cost from calls
    union all
    select 'texts', texts.currency, texts.cost from texts
    union all
    select 'fees', 'USD', texts.carrier_fee from texts where texts.carrier_fee is not null
) as all_rows
group by all_rows.kind, all_rows.currency
order by all_rows.kind, all_rows.currency
