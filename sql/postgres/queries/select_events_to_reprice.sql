-- A batch of a client's events in a range, in order of time, with the cost that counts now.
-- params: $1 client, $2 from, $3 to (excluded), $4 model or null,
--   $5 and $6 time and id of the last event of the batch before, $7 rows at most.
select
    usage_events.event_id,
    to_char(usage_events.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        as occurred_at,
    usage_events.source, usage_events.provider, usage_events.model, usage_events.served_model,
    usage_events.operation, usage_events.status, usage_events.error_type,
    trim_scale(usage_events.ttft_ms)::text as ttft_ms,
    usage_events.service_tier, usage_events.batch,
    usage_events.input_tokens, usage_events.output_tokens, usage_events.cache_read_tokens,
    usage_events.cache_write_tokens, usage_events.cache_write_5m_tokens,
    usage_events.cache_write_1h_tokens, usage_events.reasoning_tokens,
    usage_events.input_audio_tokens, usage_events.output_audio_tokens,
    trim_scale(usage_events.audio_seconds)::text as audio_seconds,
    usage_events.images, usage_events.searches, usage_events.requests,
    usage_events.other_units, usage_events.raw_usage::text as raw_usage, usage_events.estimated,
    trim_scale(usage_events.reported_cost)::text as reported_cost,
    usage_events.currency as event_currency,
    trim_scale(
        case when newest.adjustment_id is null then usage_events.cost else newest.new_cost end
    )::text as cost,
    trim_scale(
        case
            when newest.adjustment_id is not null then newest.new_computed_cost
            when usage_events.computed_currency = usage_events.currency
                then usage_events.computed_cost
        end
    )::text as computed_cost,
    coalesce(newest.new_cost_status, usage_events.cost_status) as cost_status,
    coalesce(newest.currency, usage_events.currency) as currency
from usage_events
left join lateral (
    select
        cost_adjustments.adjustment_id, cost_adjustments.new_cost,
        cost_adjustments.new_computed_cost, cost_adjustments.new_cost_status,
        cost_adjustments.currency
    from cost_adjustments
    where cost_adjustments.client_id = usage_events.client_id
        and cost_adjustments.event_id = usage_events.event_id
    order by cost_adjustments.adjustment_id desc
    limit 1
) as newest on true
where usage_events.client_id = $1
    and usage_events.occurred_at >= $2
    and usage_events.occurred_at < $3
    and ($4::text is null or $4 in (usage_events.model, usage_events.served_model))
    and (usage_events.occurred_at, usage_events.event_id) > ($5::timestamptz, $6::text)
order by usage_events.occurred_at, usage_events.event_id
limit $7
