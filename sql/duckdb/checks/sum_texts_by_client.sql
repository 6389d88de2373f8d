-- What the raw tables hold of texts, to be compared with the books.
-- grain: client_id, currency, direction
-- params: none
select
    client_id,
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
from raw.sms_messages
group by client_id, currency, direction
order by client_id, currency, direction
