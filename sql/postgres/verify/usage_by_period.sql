-- rollups.usage_by_period, computed from the books by Postgres.
-- params: none.
with period_days as materialized (
    select
        client_days.client_id, periods.period_kind, periods.period_start,
        utc_dates.utc_date::date as utc_date, client_days.starts_at, client_days.ends_at
    from client_days
    cross join lateral (
        values
            ('day', business_date), ('week', week_start_date), ('month', month_start_date)
    ) as periods (period_kind, period_start)
    -- An instant is looked for on its date in UTC: an equal join, where a range would be slow.
    cross join lateral generate_series(
        (client_days.starts_at at time zone 'utc')::date,
        (client_days.ends_at at time zone 'utc')::date,
        interval '1 day'
    ) as utc_dates (utc_date)
)

select
    period_days.period_kind, period_days.client_id, period_days.period_start, calls.provider, calls.model,
    calls.operation, calls.service_tier, calls.user_id, calls.chatbot_id, calls.currency,
    calls.status, calls.cost_status, count(*) as calls,
    count(*) filter (where calls.effective_cost > 0) as paid_calls,
    sum(coalesce(calls.input_tokens, 0)) as input_tokens,
    sum(coalesce(calls.output_tokens, 0)) as output_tokens,
    sum(coalesce(calls.reported_cost, 0)) as reported_cost,
    sum(coalesce(calls.computed_cost, 0)) as computed_cost,
    sum(coalesce(calls.effective_cost, 0)) as effective_cost,
    sum(case when calls.computed_cost is null then 0 else coalesce(calls.reported_cost, 0) end)
        as compared_reported_cost,
    sum(case when calls.reported_cost > 0 then coalesce(calls.computed_cost, 0) else 0 end)
        as compared_computed_cost
from usage_calls as calls
inner join period_days
    on calls.client_id = period_days.client_id
    and (calls.occurred_at at time zone 'utc')::date = period_days.utc_date
    and calls.occurred_at >= period_days.starts_at and calls.occurred_at < period_days.ends_at
group by
    period_days.period_kind, period_days.client_id, period_days.period_start, calls.provider, calls.model,
    calls.operation, calls.service_tier, calls.user_id, calls.chatbot_id, calls.currency,
    calls.status, calls.cost_status
