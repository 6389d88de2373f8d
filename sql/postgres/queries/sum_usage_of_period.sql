-- Calls and reported cost of one client and period that a copy's snapshot saw.
-- params: $1 client, $2 period start, $3 period end (instants), $4 snapshot.
-- why: asking by snapshot gives the same answer at any later time, whatever came since.
select
    currency, count(*)::text as calls, coalesce(sum(reported_cost), 0)::text as reported_cost
from usage_events
where client_id = $1
    and occurred_at >= $2 and occurred_at < $3
    and (
        pg_visible_in_snapshot(xid, $4::pg_snapshot)
        -- A row from a dump may bear an xid that this server has yet to reach.
        or xid >= pg_snapshot_xmax(pg_current_snapshot())
    )
group by currency
order by currency
