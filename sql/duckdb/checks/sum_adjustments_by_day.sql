-- What the raw tables hold of adjustments, to be compared with the books inside
-- one snapshot.
-- grain: client_id, business_date, currency
-- params: none
select
    facts.client_id,
    facts.business_date::varchar as business_date,
    currency,
    count(*) as adjustments,
    coalesce(sum(new_cost), 0) as new_cost,
    coalesce(sum(new_computed_cost), 0) as new_computed_cost
from raw.cost_adjustments as facts
semi join calendar.compared_days as days
    on facts.client_id = days.client_id
    and facts.business_date = days.business_date
group by all
