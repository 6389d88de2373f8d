-- What a client's texts came to: how many were received and answered, and what all of it cost, in
-- the currency of the client; what is in others is named with its currency and never added.
-- params: $1 client.
with by_currency as (
    select
        currency, sum(tasks) as received, sum(tasks) filter (where status = 'answered') as answered,
        sum(outbound_texts) as sent, sum(cost) as cost,
        sum(parts_of_unknown_cost) as parts_of_unknown_cost
    from task_costs
    where client_id = $1
    group by currency
)
select
    coalesce(sum(received), 0)::integer as received,
    coalesce(sum(answered), 0)::integer as answered,
    coalesce(sum(sent), 0)::integer as sent,
    (
        select count(*)::integer
        from sms_messages
        where client_id = $1 and direction = 'outbound' and status = 'delivered'
            and task_id is not null
    ) as delivered,
    clients.currency,
    trim_scale(coalesce(sum(cost) filter (where by_currency.currency = clients.currency), 0))::text
        as cost,
    string_agg(
        by_currency.currency || ' ' || trim_scale(cost)::text, ' + '
        order by by_currency.currency collate "C"
    ) filter (where by_currency.currency <> clients.currency and cost > 0) as other_costs,
    coalesce(sum(parts_of_unknown_cost), 0)::integer as parts_of_unknown_cost
from clients
left join by_currency on true
where clients.client_id = $1
group by clients.client_id, clients.currency
