-- How long people waited for the answers to the texts of one period, in
-- microseconds, in all (no category) and by category.
-- grain: category
-- params: client_id, period_kind, period_start
select
    category,
    answers,
    p50_us as median_us,
    p95_us
from rollups.waits_by_period
where period_kind = $period_kind::varchar
    and client_id = $client_id::varchar
    and period_start = $period_start::date
order by category
