-- What the warehouse must hold of the newest adjustments, per client and day of their events.
-- params: $1 clients, $2 dates, $3 starts, $4 ends of the days.
-- why: lateral, so that each day is one range of the index.
select
    days.client_id, days.business_date::text as business_date, sums.*
from
    unnest($1::text[], $2::date[], $3::timestamptz[], $4::timestamptz[])
        as days (client_id, business_date, starts_at, ends_at)
cross join lateral (
    select
        newest.currency, count(*)::text as adjustments,
        coalesce(sum(newest.new_cost), 0)::text as new_cost,
        coalesce(sum(newest.new_computed_cost), 0)::text as new_computed_cost
    from (
        select distinct on (adjustments.event_id) adjustments.*
        from usage_events as events
        inner join cost_adjustments as adjustments
            on adjustments.client_id = events.client_id
            and adjustments.event_id = events.event_id
        where events.client_id = days.client_id
            and events.occurred_at >= days.starts_at
            and events.occurred_at < days.ends_at
        order by adjustments.event_id, adjustments.adjustment_id desc
    ) as newest
    group by newest.currency
) as sums
