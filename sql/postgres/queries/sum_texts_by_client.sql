-- What the warehouse must hold of texts after a copy, per client, currency and direction.
-- params: none.
select
    client_id, currency, direction, count(*)::text as texts, sum(segments)::text as segments,
    count(task_id)::text as texts_of_tasks, count(user_id)::text as texts_of_users,
    count(estimated_price)::text as estimated_texts,
    coalesce(sum(estimated_price), 0)::text as estimated_price,
    count(carrier_fee)::text as texts_with_fee, coalesce(sum(carrier_fee), 0)::text as carrier_fee,
    count(price)::text as priced_texts, coalesce(sum(price), 0)::text as price
from sms_messages
group by client_id, currency, direction
order by client_id, currency, direction
