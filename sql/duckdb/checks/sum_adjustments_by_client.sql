-- What the raw tables hold of adjustments, to be compared with the books.
-- grain: client_id, currency
-- params: none
select
    client_id,
    currency,
    count(*) as adjustments,
    coalesce(sum(new_cost), 0) as new_cost,
    coalesce(sum(new_computed_cost), 0) as new_computed_cost
from raw.cost_adjustments
group by client_id, currency
order by client_id, currency
