-- How long people waited for the answers to the texts of one period, in
-- microseconds, in all (no category) and by category.
-- grain: category
-- params: client_id, range_from, range_until
-- why: a median of medians is none, so that this reads the tasks themselves.
-- Both are waits that occurred: of two in the middle the shorter.
select
    category,
    count(answer_us) as answers,
    quantile_disc(answer_us, 0.5) as median_us,
    quantile_disc(answer_us, 0.95) as p95_us
from marts.tasks
where client_id = $client_id::varchar
    and received_date >= $range_from::date
    and received_date < $range_until::date
    and answer_us is not null
group by grouping sets ((), (category))
order by category
