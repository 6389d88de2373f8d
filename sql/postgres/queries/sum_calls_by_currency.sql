-- All calls and what they cost, for a person to compare.
-- params: none.
select currency, count(*)::text as calls, coalesce(sum(cost), 0)::text as cost
from usage_events
group by currency
order by currency
