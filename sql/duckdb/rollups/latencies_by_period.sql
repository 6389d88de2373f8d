-- How long calls took in every day, week and month: in all (no model), and by
-- model.
-- grain: period_kind, client_id, period_start, provider, model
-- params: none
-- lands: month by month
-- why: a percentile of percentiles is none, so that each is taken from the
-- calls themselves; all of them are latencies that occurred.
with timed as (
    select
        asked_days.period_kind,
        asked_days.client_id,
        asked_days.period_start,
        calls.provider,
        calls.model,
        count(*) as timed_calls,
        quantile_disc(calls.latency_ms, [0.5, 0.95, 0.99]) as percentiles
    from marts.usage_events as calls
    inner join calendar.asked_days as asked_days
        on calls.client_id = asked_days.client_id
        and calls.business_date = asked_days.business_date
    where calls.latency_ms is not null
    group by grouping sets (
        (
            asked_days.period_kind, asked_days.client_id,
            asked_days.period_start
        ),
        (
            asked_days.period_kind, asked_days.client_id,
            asked_days.period_start, calls.provider, calls.model
        )
    )
)

select
    period_kind,
    client_id,
    period_start,
    provider,
    model,
    timed_calls,
    percentiles[1] as p50_ms,
    percentiles[2] as p95_ms,
    percentiles[3] as p99_ms
from timed
