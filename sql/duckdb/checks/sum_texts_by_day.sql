-- What the raw tables hold of texts, to be compared with the books inside one
-- snapshot.
-- grain: client_id, business_date, currency, direction
-- params: none
select
    facts.client_id,
    facts.business_date::varchar as business_date,
    currency,
    direction,
    count(*) as texts,
    sum(segments) as segments,
    count(task_id) as texts_of_tasks,
    count(user_id) as texts_of_users,
    count(estimated_price) as estimated_texts,
    coalesce(sum(estimated_price), 0) as estimated_price,
    count(carrier_fee) as texts_with_fee,
    coalesce(sum(carrier_fee), 0) as carrier_fee,
    count(price) as priced_texts,
    coalesce(sum(price), 0) as price
from raw.sms_messages as facts
semi join calendar.compared_days as days
    on facts.client_id = days.client_id
    and facts.business_date = days.business_date
group by all
