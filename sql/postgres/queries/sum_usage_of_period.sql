-- Calls, reported cost and cost that counts of one client and period, as a copy's snapshot saw them.
-- params: $1 client, $2 period start, $3 period end (instants), $4 snapshot.
-- why: asking by snapshot gives the same answer at any later time, whatever came since.
with newest as (
    select distinct on (event_id) event_id, new_cost
    from cost_adjustments
    where client_id = $1
        and (
            pg_visible_in_snapshot(xid, $4::pg_snapshot)
            -- A row from a dump may bear an xid that this server has yet to reach.
            or xid >= pg_snapshot_xmax(pg_current_snapshot())
        )
    order by event_id, adjustment_id desc
)

select
    count(*)::text as calls,
    coalesce(sum(events.reported_cost), 0)::text as reported_cost,
    coalesce(
        sum(case when newest.event_id is null then events.cost else newest.new_cost end), 0
    )::text as effective_cost
from usage_events as events
left join newest on newest.event_id = events.event_id
where events.client_id = $1
    and events.occurred_at >= $2 and events.occurred_at < $3
    and (
        pg_visible_in_snapshot(events.xid, $4::pg_snapshot)
        or events.xid >= pg_snapshot_xmax(pg_current_snapshot())
    )
