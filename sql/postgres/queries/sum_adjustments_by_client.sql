-- What the warehouse must hold of adjustments after a copy, per client and currency.
-- params: none.
select
    client_id, currency, count(*)::text as adjustments,
    coalesce(sum(new_cost), 0)::text as new_cost,
    coalesce(sum(new_computed_cost), 0)::text as new_computed_cost
from cost_adjustments
group by client_id, currency
order by client_id, currency
