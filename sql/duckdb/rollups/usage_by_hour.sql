-- What the calls of every hour used and cost, for the days that are kept by the
-- hour.
-- grain: period_kind, client_id, period_start, hour_starts_at, provider, model,
-- currency, status
-- params: none
-- why: hours are counted from the first instant of the day, so that a day of
-- 23, 25 or 23.5 hours has as many; the last of the latter is half an hour.
with recent as (
    select calls.*
    from marts.usage_events as calls
    semi join calendar.hourly_days as hourly_days
        on calls.client_id = hourly_days.client_id
        and calls.business_date = hourly_days.business_date
)

select
    asked_days.period_kind,
    asked_days.client_id,
    asked_days.period_start,
    days.starts_at + to_hours(
        (epoch_us(calls.occurred_at) - epoch_us(days.starts_at)) // 3600000000
    ) as hour_starts_at,
    calls.provider,
    calls.model,
    calls.currency,
    calls.status,
    count(*) as calls,
    sum(calls.input_tokens) as input_tokens,
    sum(calls.output_tokens) as output_tokens,
    sum(coalesce(calls.effective_cost, 0)) as effective_cost
from recent as calls
inner join calendar.asked_days as asked_days
    on calls.client_id = asked_days.client_id
    and calls.business_date = asked_days.business_date
inner join calendar.client_days as days
    on calls.client_id = days.client_id
    and calls.business_date = days.business_date
where asked_days.period_kind = 'day'
group by all
