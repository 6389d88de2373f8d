-- What the warehouse must hold of texts, per client and day: a text of a task counts with it.
-- params: $1 clients, $2 dates, $3 starts, $4 ends of the days.
-- why: lateral, so that each day is one range of the index.
select
    days.client_id, days.business_date::text as business_date, sums.*
from
    unnest($1::text[], $2::date[], $3::timestamptz[], $4::timestamptz[])
        as days (client_id, business_date, starts_at, ends_at)
cross join lateral (
    select
        texts.currency, texts.direction, count(*)::text as texts,
        sum(texts.segments)::text as segments, count(texts.task_id)::text as texts_of_tasks,
        count(texts.user_id)::text as texts_of_users,
        count(texts.estimated_price)::text as estimated_texts,
        coalesce(sum(texts.estimated_price), 0)::text as estimated_price,
        count(texts.carrier_fee)::text as texts_with_fee,
        coalesce(sum(texts.carrier_fee), 0)::text as carrier_fee,
        count(texts.price)::text as priced_texts, coalesce(sum(texts.price), 0)::text as price
    from (
        select sms_messages.*
        from tasks
        inner join sms_messages
            on sms_messages.client_id = tasks.client_id and sms_messages.task_id = tasks.task_id
        where tasks.client_id = days.client_id
            and tasks.received_at >= days.starts_at and tasks.received_at < days.ends_at
        union all
        select sms_messages.*
        from sms_messages
        where sms_messages.client_id = days.client_id and sms_messages.task_id is null
            and sms_messages.happened_at >= days.starts_at
            and sms_messages.happened_at < days.ends_at
    ) as texts
    group by texts.currency, texts.direction
) as sums
