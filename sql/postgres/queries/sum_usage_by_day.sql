-- What the warehouse must hold of calls, per client and day.
-- params: $1 clients, $2 dates, $3 starts, $4 ends of the days.
-- why: lateral, so that each day is one range of the index.
select
    days.client_id, days.business_date::text as business_date, sums.*
from
    unnest($1::text[], $2::date[], $3::timestamptz[], $4::timestamptz[])
        as days (client_id, business_date, starts_at, ends_at)
cross join lateral (
    select
        currency, count(*)::text as calls,
        coalesce(sum(input_tokens), 0)::text as input_tokens,
        coalesce(sum(output_tokens), 0)::text as output_tokens,
        coalesce(sum(reported_cost), 0)::text as reported_cost,
        coalesce(sum(computed_cost), 0)::text as computed_cost,
        coalesce(sum(cost), 0)::text as cost,
        coalesce(sum(latency_ms), 0)::text as latency_ms,
        count(*) filter (where cost_status = 'unpriced')::text as unpriced_calls,
        count(user_id)::text as calls_of_users,
        count(conversation_id)::text as calls_of_conversations
    from usage_events
    where usage_events.client_id = days.client_id
        and usage_events.occurred_at >= days.starts_at
        and usage_events.occurred_at < days.ends_at
    group by currency
) as sums
