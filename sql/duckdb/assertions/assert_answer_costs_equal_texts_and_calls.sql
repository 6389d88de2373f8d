-- Every rollup of what texting costs adds up to the texts and calls, per client
-- and currency.
-- grain: period_kind, client_id, currency that differs
-- params: none
-- why: our estimates and carriers' fees are in USD, whatever Twilio bills in.
with rolled as (
    select
        period_kind,
        client_id,
        currency,
        sum(inbound_texts) as inbound_texts,
        sum(outbound_texts) as outbound_texts,
        sum(inbound_segments + outbound_segments) as segments,
        sum(inbound_told_cost + outbound_told_cost) as told_cost,
        sum(inbound_estimated_cost + outbound_estimated_cost)
            as estimated_cost,
        sum(carrier_fee) as carrier_fee,
        sum(model_cost + transcription_cost) as call_cost,
        sum(calls) as calls,
        sum(
            unknown_inbound_texts + unknown_outbound_texts
            + unknown_fees + unknown_model_calls + unknown_transcriptions
        ) as unknown_parts
    from rollups.answer_costs_by_period
    group by period_kind, client_id, currency
),

parts as (
    select
        client_id,
        if(told_price is null, 'USD', currency) as currency,
        (direction = 'inbound')::integer as inbound_texts,
        (direction = 'outbound')::integer as outbound_texts,
        segments,
        coalesce(told_price, 0) as told_cost,
        if(told_price is null, coalesce(estimated_price, 0), 0)
            as estimated_cost,
        0 as carrier_fee,
        0 as call_cost,
        0 as calls,
        (effective_price is null)::integer as unknown_parts
    from staging.stg_books__texts
    union all
    select
        client_id,
        'USD',
        0,
        0,
        0,
        0,
        0,
        coalesce(carrier_fee, 0),
        0,
        0,
        (carrier_fee is null)::integer
    from staging.stg_books__texts
    where direction = 'outbound' or carrier_fee is not null
    union all
    select
        calls.client_id,
        calls.currency,
        0,
        0,
        0,
        0,
        0,
        0,
        coalesce(calls.effective_cost, 0),
        1,
        (calls.effective_cost is null)::integer
    from staging.stg_books__usage_events as calls
    semi join staging.stg_books__task_calls as task_calls
        on calls.client_id = task_calls.client_id
        and calls.event_id = task_calls.event_id
),

booked as (
    select
        unnest(['day', 'week', 'month']) as period_kind,
        client_id,
        currency,
        sum(inbound_texts) as inbound_texts,
        sum(outbound_texts) as outbound_texts,
        sum(segments) as segments,
        sum(told_cost) as told_cost,
        sum(estimated_cost) as estimated_cost,
        sum(carrier_fee) as carrier_fee,
        sum(call_cost) as call_cost,
        sum(calls) as calls,
        sum(unknown_parts) as unknown_parts
    from parts
    group by client_id, currency
)

(from rolled except from booked)
union all
(from booked except from rolled)
