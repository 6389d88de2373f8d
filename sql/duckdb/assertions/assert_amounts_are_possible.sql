-- No count, amount or wait is negative, no part is more than its whole, and
-- percentiles stand in their order.
-- grain: relation, client_id, period_kind, period_start that cannot be
-- params: none
select
    'usage_by_period' as relation,
    client_id,
    period_kind,
    period_start
from rollups.usage_by_period as usage
where (
    calls < 1 or paid_calls > calls or input_tokens < 0 or output_tokens < 0
    or reported_cost < 0 or computed_cost < 0 or effective_cost < 0
)
and exists (
    select 1
    from calendar.asked_days as asked_days
    where asked_days.client_id = usage.client_id
        and asked_days.period_kind = usage.period_kind
        and asked_days.period_start = usage.period_start
)
union all
select
    'latencies_by_period',
    client_id,
    period_kind,
    period_start
from rollups.latencies_by_period
where p50_ms < 0 or p50_ms > p95_ms or p95_ms > p99_ms
union all
select
    'waits_by_period',
    client_id,
    period_kind,
    period_start
from rollups.waits_by_period
where p50_us < 0 or p50_us > p95_us or p95_us > p99_us
