-- What the warehouse must hold of the errors of the SMS agent, per client and day.
-- params: $1 clients, $2 dates, $3 starts, $4 ends of the days.
-- why: lateral, so that each day is one range of the index.
select
    days.client_id, days.business_date::text as business_date, sums.*
from
    unnest($1::text[], $2::date[], $3::timestamptz[], $4::timestamptz[])
        as days (client_id, business_date, starts_at, ends_at)
cross join lateral (
    select
        error_type, count(*)::text as errors,
        count(*) filter (where is_critical)::text as critical_errors
    from error_logs
    where error_logs.client_id = days.client_id
        and error_logs.occurred_at >= days.starts_at and error_logs.occurred_at < days.ends_at
    group by error_type
) as sums
