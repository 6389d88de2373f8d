-- How long people waited for the answers to the texts of every day, week and
-- month, in microseconds: in all (no category), and by category.
-- grain: period_kind, client_id, period_start, category
-- params: none
-- lands: month by month
-- why: a percentile of percentiles is none, so that each is taken from the
-- tasks themselves; of two waits in the middle the shorter.
select
    asked_days.period_kind,
    asked_days.client_id,
    asked_days.period_start,
    tasks.category,
    count(*) as answers,
    quantile_disc(tasks.answer_us, 0.5) as p50_us,
    quantile_disc(tasks.answer_us, 0.95) as p95_us,
    quantile_disc(tasks.answer_us, 0.99) as p99_us
from marts.tasks as tasks
inner join calendar.asked_days as asked_days
    on tasks.client_id = asked_days.client_id
    and tasks.business_date = asked_days.business_date
where tasks.answer_us is not null
group by grouping sets (
    (
        asked_days.period_kind, asked_days.client_id, asked_days.period_start
    ),
    (
        asked_days.period_kind, asked_days.client_id, asked_days.period_start,
        tasks.category
    )
)
