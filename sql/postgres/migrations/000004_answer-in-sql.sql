-- Views and functions for analysts and applications. All run with the rights of the caller, so row
-- security decides what they count; amounts of different currencies are never added.

-- Up Migration

-- The first instant of a business day. Postgres takes the later midnight where the clocks go back
-- over it, and the day starts with the earlier one. To be read from the books' own calendar once
-- they have one; until then these two functions hold all of the zone arithmetic.
create function day_starts_at(for_date date, zone text) returns timestamptz
    language sql stable parallel safe
begin atomic
    select coalesce(
        min(for_date::timestamp at time zone zone - fold.size) filter (
            where (for_date::timestamp at time zone zone - fold.size) at time zone zone
                = for_date::timestamp
        ),
        for_date::timestamp at time zone zone
    )
    from (
        values (interval '0'), (interval '30 minutes'), (interval '1 hour'), (interval '2 hours')
    ) as fold (size);
end;

-- The business day of an instant: its local date, but late clocks that go back over midnight do not
-- bring back the day that has ended.
create function business_date(instant timestamptz, zone text) returns date
    language sql stable parallel safe
    return case
        when (instant at time zone zone)::time >= time '22:00'
            and instant >= day_starts_at((instant at time zone zone)::date + 1, zone)
            then (instant at time zone zone)::date + 1
        else (instant at time zone zone)::date
    end;

create function require_between(parameter text, given integer, low integer, high integer)
    returns integer
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if given between low and high then
        return given;
    end if;
    raise exception '% must be between % and %, not %',
        parameter, low, high, coalesce(given::text, 'null')
        using errcode = 'invalid_parameter_value';
end $$;

create view usage_calls with (security_invoker = true) as
select
    events.client_id,
    events.event_id,
    events.occurred_at,
    events.source,
    events.provider,
    events.model,
    events.served_model,
    events.operation,
    events.user_id,
    events.conversation_id,
    events.chatbot_id,
    events.request_id,
    events.status,
    events.error_type,
    events.latency_ms,
    events.ttft_ms,
    events.streamed,
    events.service_tier,
    events.batch,
    events.tags,
    events.input_tokens,
    events.output_tokens,
    case
        when events.input_tokens is not null or events.output_tokens is not null
            then coalesce(events.input_tokens, 0) + coalesce(events.output_tokens, 0)
    end as total_tokens,
    events.cache_read_tokens,
    events.cache_write_tokens,
    events.reasoning_tokens,
    events.audio_seconds,
    coalesce(newest.currency, events.currency) as currency,
    case
        when coalesce(newest.currency, events.currency) = events.currency
            then trim_scale(events.reported_cost)
    end as reported_cost,
    trim_scale(
        case
            when newest.event_id is not null then newest.new_computed_cost
            when events.computed_currency = events.currency then events.computed_cost
        end
    ) as computed_cost,
    trim_scale(
        case when newest.event_id is not null then newest.new_cost else events.cost end
    ) as effective_cost,
    coalesce(newest.new_cost_status, events.cost_status) as cost_status,
    newest.event_id is not null as is_adjusted
from usage_events as events
left join cost_adjustments as newest
    on newest.client_id = events.client_id
    and newest.event_id = events.event_id
    and not exists (
        select from cost_adjustments as newer
        where newer.client_id = newest.client_id
            and newer.event_id = newest.event_id
            and newer.adjustment_id > newest.adjustment_id
    );
comment on view usage_calls is 'One row per call with the cost that counts now: a reprice''s newest adjustment goes before the event.';
comment on column usage_calls.reported_cost is 'In currency, as the other two; null where it was reported in another one, or not at all.';
comment on column usage_calls.effective_cost is 'What counts; null where unknown, which is not 0.';

create view user_request_analytics with (security_invoker = true) as
with totals as (
    select
        client_id,
        user_id,
        currency,
        count(*) as total_requests,
        count(*) filter (where status = 'success') as successful_requests,
        count(*) filter (where status = 'error') as failed_requests,
        sum(total_tokens) as total_tokens,
        trim_scale(sum(reported_cost)) as reported_cost,
        trim_scale(sum(computed_cost)) as computed_cost,
        trim_scale(sum(effective_cost)) as total_cost,
        count(*) filter (where effective_cost is null) as unpriced_requests,
        trim_scale(avg(latency_ms)) as avg_response_time,
        mode() within group (order by model collate "C") as most_used_model,
        mode() within group (order by provider collate "C") as most_used_provider,
        max(occurred_at) as last_request_time
    from usage_calls
    where user_id is not null
    group by client_id, user_id, currency
)

select
    users.client_id,
    users.user_id,
    profiles.email,
    profiles.full_name,
    coalesce(totals.currency, clients.currency) as currency,
    coalesce(totals.total_requests, 0) as total_requests,
    coalesce(totals.successful_requests, 0) as successful_requests,
    coalesce(totals.failed_requests, 0) as failed_requests,
    case when totals.user_id is null then 0 else totals.total_tokens end
        as total_tokens_from_logs,
    case when totals.user_id is null then 0 else totals.reported_cost end as reported_cost,
    case when totals.user_id is null then 0 else totals.computed_cost end as computed_cost,
    case when totals.user_id is null then 0 else totals.total_cost end as total_cost,
    coalesce(totals.unpriced_requests, 0) as unpriced_requests,
    totals.avg_response_time,
    totals.most_used_model,
    totals.most_used_provider,
    totals.last_request_time
from users
inner join clients on clients.client_id = users.client_id
left join totals on totals.client_id = users.client_id and totals.user_id = users.user_id
left join user_profiles as profiles
    on profiles.client_id = users.client_id and profiles.user_id = users.user_id;
comment on view user_request_analytics is 'One row per user and currency; a user without calls has one in the client''s own.';
comment on column user_request_analytics.avg_response_time is 'Milliseconds, over the calls whose latency is known.';
comment on column user_request_analytics.total_cost is 'What counts, of the calls whose cost is known; unpriced_requests says how many are not.';
comment on column user_request_analytics.most_used_model is 'By calls; of equals the first by name.';

create view user_recent_activity with (security_invoker = true) as
select
    calls.client_id,
    calls.user_id,
    profiles.email,
    profiles.full_name,
    calls.event_id,
    calls.occurred_at as request_time,
    calls.provider,
    calls.model,
    calls.operation,
    calls.status,
    calls.error_type,
    calls.total_tokens,
    calls.currency,
    calls.reported_cost,
    calls.computed_cost,
    calls.effective_cost,
    calls.cost_status,
    calls.latency_ms
from usage_calls as calls
left join user_profiles as profiles
    on profiles.client_id = calls.client_id and profiles.user_id = calls.user_id
where calls.user_id is not null;
comment on view user_recent_activity is 'One row per call of a named user: order by request_time desc and set a limit.';

create view tokens_usage with (security_invoker = true) as
-- A row of its own for the calls that name nobody, so that all rows together are all calls.
with people as (
    select users.client_id, users.user_id, clients.time_zone
    from users
    inner join clients on clients.client_id = users.client_id
    union all
    select clients.client_id, null, clients.time_zone
    from clients
)

select people.client_id, people.user_id, months.*
from people
-- Person by person, so that a question about one reads the calls of that one.
cross join lateral (
    with calls as (
        select named.*
        from usage_calls as named
        where named.client_id = people.client_id and named.user_id = people.user_id
        union all
        select unnamed.*
        from usage_calls as unnamed
        where people.user_id is null
            and unnamed.client_id = people.client_id and unnamed.user_id is null
    ),

    dated as (
        select
            calls.*,
            date_trunc('month', business_date(calls.occurred_at, people.time_zone)::timestamp)::date
                as month_start
        from calls
    ),

    sums as (
        select
            month_start,
            currency,
            provider,
            model,
            grouping(provider, model) as level,
            count(*) as request_count,
            sum(total_tokens) as total_tokens,
            trim_scale(sum(reported_cost)) as reported_cost,
            trim_scale(sum(computed_cost)) as computed_cost,
            trim_scale(sum(effective_cost)) as total_cost,
            count(*) filter (where effective_cost is null) as unpriced_requests
        from dated
        group by grouping sets (
            (month_start, currency), (month_start, currency, provider),
            (month_start, currency, model)
        )
    ),

    parts as (
        select
            *,
            jsonb_build_object(
                'request_count', request_count, 'total_tokens', total_tokens,
                'total_cost', total_cost::text, 'unpriced_requests', unpriced_requests
            ) as part
        from sums
    )

    select
        month_start,
        currency,
        max(request_count) filter (where level = 3) as request_count,
        max(total_tokens) filter (where level = 3) as total_tokens,
        max(reported_cost) filter (where level = 3) as reported_cost,
        max(computed_cost) filter (where level = 3) as computed_cost,
        max(total_cost) filter (where level = 3) as total_cost,
        max(unpriced_requests) filter (where level = 3) as unpriced_requests,
        jsonb_object_agg(model, part) filter (where level = 2) as model_breakdown,
        jsonb_object_agg(provider, part) filter (where level = 1) as provider_breakdown
    from parts
    group by month_start, currency
) as months;
comment on view tokens_usage is 'One row per user, month of the client''s own and currency; user_id is null for calls that name none. A view, so it cannot disagree with the calls.';
comment on column tokens_usage.model_breakdown is 'By model: request_count, total_tokens, total_cost (decimal text), unpriced_requests.';

grant select on usage_calls, user_request_analytics, user_recent_activity, tokens_usage
    to daybook_analyst;
revoke execute on function
    day_starts_at(date, text), business_date(timestamptz, text),
    require_between(text, integer, integer, integer)
    from public;
grant execute on function
    day_starts_at(date, text), business_date(timestamptz, text),
    require_between(text, integer, integer, integer)
    to daybook_analyst;
