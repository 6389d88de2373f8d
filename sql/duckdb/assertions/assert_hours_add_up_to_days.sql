-- The hours of every day that is kept by the hour add up to it.
-- grain: client_id, business_date that differs
-- params: none
with asked as (
    select
        client_id,
        business_date
    from calendar.hourly_days as hourly_days
    semi join calendar.touched_days as touched_days
        on hourly_days.client_id = touched_days.client_id
        and hourly_days.business_date = touched_days.business_date
),

hours as (
    select
        hours.client_id,
        hours.period_start,
        sum(hours.calls) as calls,
        sum(hours.input_tokens + hours.output_tokens) as tokens,
        sum(hours.effective_cost) as effective_cost
    from rollups.usage_by_hour as hours
    semi join asked
        on hours.client_id = asked.client_id
        and hours.period_start = asked.business_date
    group by hours.client_id, hours.period_start
),

days as (
    select
        days.client_id,
        days.period_start,
        sum(days.calls) as calls,
        sum(days.input_tokens + days.output_tokens) as tokens,
        sum(days.effective_cost) as effective_cost
    from rollups.usage_by_period as days
    semi join asked
        on days.client_id = asked.client_id
        and days.period_start = asked.business_date
    where days.period_kind = 'day'
    group by days.client_id, days.period_start
)

(from hours except from days)
union all
(from days except from hours)
