-- What a client's texts came to: how many were received and answered, and what all of it cost.
-- params: $1 client.
select
    count(*)::integer as received,
    count(*) filter (where status = 'answered')::integer as answered,
    sum(outbound_texts)::integer as sent,
    (
        select count(*)::integer
        from sms_messages
        where client_id = $1 and direction = 'outbound' and status = 'delivered'
    ) as delivered,
    trim_scale(coalesce(sum(cost), 0))::text as cost,
    coalesce(sum(parts_of_unknown_cost), 0)::integer as parts_of_unknown_cost
from task_costs
where client_id = $1
