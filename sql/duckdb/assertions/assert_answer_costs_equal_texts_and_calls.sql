-- Every rollup of what texting costs adds up to the texts and calls, per period
-- and currency.
-- grain: period_kind, client_id, period_start, currency that differs
-- params: none
-- why: our estimates and carriers' fees are in USD, whatever Twilio bills in.
with rolled as (
    select
        period_kind,
        client_id,
        period_start,
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
    from rollups.answer_costs_by_period as costs
    where exists (
        select 1
        from calendar.asked_days as asked_days
        where asked_days.client_id = costs.client_id
            and asked_days.period_kind = costs.period_kind
            and asked_days.period_start = costs.period_start
    )
    group by period_kind, client_id, period_start, currency
    -- The task itself may stand alone in the currency of its text.
    having sum(inbound_texts + outbound_texts + calls) > 0
        or sum(carrier_fee) > 0 or sum(unknown_fees) > 0
),

called as (
    select calls.*
    from marts.usage_events as calls
    semi join staging.stg_books__task_calls as task_calls
        on calls.client_id = task_calls.client_id
        and calls.event_id = task_calls.event_id
),

parts as (
    select
        client_id,
        business_date,
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
        business_date,
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
        task_calls.business_date,
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
    from staging.stg_books__task_calls as task_calls
    semi join calendar.asked_days as asked_days
        on task_calls.client_id = asked_days.client_id
        and task_calls.business_date = asked_days.business_date
    inner join called as calls
        on task_calls.client_id = calls.client_id
        and task_calls.event_id = calls.event_id
),

booked as (
    select
        asked_days.period_kind,
        asked_days.client_id,
        asked_days.period_start,
        parts.currency,
        sum(parts.inbound_texts) as inbound_texts,
        sum(parts.outbound_texts) as outbound_texts,
        sum(parts.segments) as segments,
        sum(parts.told_cost) as told_cost,
        sum(parts.estimated_cost) as estimated_cost,
        sum(parts.carrier_fee) as carrier_fee,
        sum(parts.call_cost) as call_cost,
        sum(parts.calls) as calls,
        sum(parts.unknown_parts) as unknown_parts
    from parts
    inner join calendar.asked_days as asked_days
        on parts.client_id = asked_days.client_id
        and parts.business_date = asked_days.business_date
    group by all
    -- A fee that is known to be none is no reason for a row.
    having sum(parts.inbound_texts + parts.outbound_texts + parts.calls) > 0
        or sum(parts.carrier_fee) > 0 or sum(parts.unknown_parts) > 0
)

(from rolled except from booked)
union all
(from booked except from rolled)
